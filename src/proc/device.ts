/** A device number of stat(2) as the kernel writes it in /proc/PID/maps and /proc/locks: `MAJOR:MINOR` in hexadecimal. */
export function deviceText(device: number): string {
  const hex = (number: number) => number.toString(16).padStart(2, '0')
  // makedev(3): 8 bits of the minor number, 12 of the major one, and the rest of the minor number. glibc and the kernel
  // divide a number below 2^20 alike.
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00)
  return `${hex((device >>> 8) & 0xfff)}:${hex(minor)}`
}
