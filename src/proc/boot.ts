/** The id of the present boot: man 5 proc_sys_kernel. */
import { readText } from './read.js'

/** A UUID that is new at each boot; an empty string where the kernel has none. */
export function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}
