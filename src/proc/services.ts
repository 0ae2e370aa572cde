/** The names of ports: /etc/services, man 5 services. */
import { readText } from './read.js'

export interface Service {
  name: string
  port: number
  /** `tcp`, `udp`, ... */
  protocol: string
  aliases: string[]
}

/** Parses a services file. A line that is none is passed over, as getservbyport(3) does. */
export function parseServices(text: string): Service[] {
  return text.split('\n').flatMap((line) => {
    const [entry = ''] = line.split('#', 1)
    const found = /^(\S+)[ \t]+(\d{1,5})\/([^\s/]+)(?:[ \t]+(.*))?$/.exec(entry.trim())
    if (!found) return []
    const [, name = '', digits, protocol = '', rest = ''] = found
    const port = Number(digits)
    return port > 65_535 ? [] : [{ name, port, protocol, aliases: rest.split(/\s+/).filter(Boolean) }]
  })
}

/** The services that this machine names; undefined where the file is missing. */
export function readServices(): Service[] | undefined {
  const text = readText('/etc/services')
  return text === undefined ? undefined : parseServices(text)
}
