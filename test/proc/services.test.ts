import { execFileSync, spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parseServices, readServices } from '../../src/proc/services.js'

test('a line has a name, a port with its protocol, aliases and a comment', () => {
  const text = [
    '# Network services',
    '',
    'http\t\t80/tcp\t\twww\t\t# WorldWideWeb HTTP',
    'domain 53/udp',
    'chargen 19/tcp ttytst source#no blank before it',
    '  tcpmux 1/tcp',
    'last 65535/sctp',
  ].join('\n')
  expect(parseServices(text)).toEqual([
    { name: 'http', port: 80, protocol: 'tcp', aliases: ['www'] },
    { name: 'domain', port: 53, protocol: 'udp', aliases: [] },
    { name: 'chargen', port: 19, protocol: 'tcp', aliases: ['ttytst', 'source'] },
    { name: 'tcpmux', port: 1, protocol: 'tcp', aliases: [] },
    { name: 'last', port: 65_535, protocol: 'sctp', aliases: [] },
  ])
})

test.each(['http', 'http 80', 'http /tcp', 'http x80/tcp', 'http 80/', 'http 65536/tcp', '#http 80/tcp', ''])(
  'a line that is no service is passed over: %j',
  (line) => {
    expect(parseServices(`${line}\nssh 22/tcp\n`)).toEqual([
      { name: 'ssh', port: 22, protocol: 'tcp', aliases: [] },
    ])
  },
)

/** getent(1) reads the same file through the C library. */
const known = spawnSync('getent', ['-s', 'files', 'services']).status === 0
const why = known ? '' : ' (skipped: getent(1) lists no services here)'

test.skipIf(!known)(`the C library reads the same services${why}`, () => {
  const lines = execFileSync('getent', ['-s', 'files', 'services'], { encoding: 'utf8' }).trim().split('\n')
  const read = readServices()!
  expect(read.length).toBeGreaterThan(10)
  const written = read.map(({ name, port, protocol, aliases }) =>
    [name, `${port}/${protocol}`, ...aliases].join(' '),
  )
  expect(written).toEqual(lines.map((line) => line.replaceAll(/\s+/g, ' ').trim()))
})
