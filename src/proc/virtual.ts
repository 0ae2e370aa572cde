/** Whether this machine is virtual: the flag `hypervisor` in /proc/cpuinfo, which x86 processors report in a virtual machine. */
import { readText } from './read.js'

/** Undefined where the processor reports no flags of this kind, as on ARM. */
export function isVirtual(): boolean | undefined {
  return parseVirtual(readText('/proc/cpuinfo') ?? '')
}

/** Parses a cpuinfo file. */
export function parseVirtual(text: string): boolean | undefined {
  const flags = /^flags\s*: (.*)$/m.exec(text)?.[1]
  return flags?.split(' ').includes('hypervisor')
}
