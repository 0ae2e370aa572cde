/** Which kernel runs here, and since which boot: man 5 proc_sys_kernel. */
import { release } from 'node:os'
import { readText } from './read.js'

/** Made anew at each boot; an empty string where the kernel has none. */
export function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}

/** As `uname -r` says it. */
export function kernelVersion(): string {
  return release()
}
