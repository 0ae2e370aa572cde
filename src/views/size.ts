/** Bytes as people say them: `132 KiB`, `1.9 MiB`. */
export function size(bytes: number): string {
  let [number, unit] = [bytes, 0]
  while (number >= 1024 && unit < units.length - 1) [number, unit] = [number / 1024, unit + 1]
  const digits = unit > 1 && number < 100 ? 1 : 0
  return `${number.toFixed(digits)} ${units[unit]}`
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
