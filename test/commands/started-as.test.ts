/** Hints contain commands under the name by which the user started osdemo. */
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asStarted, startedAs } from '../../src/commands/lib/started-as.js'
import { temporaryFolder } from '../support/folders.js'
import { newPlace, programFile } from '../support/osdemo.js'

test.each([
  ['/usr/bin/osdemo', { PATH: '/bin:/usr/bin' }, 'osdemo'],
  ['/usr/bin/osdemo', { PATH: '/bin' }, '/usr/bin/osdemo'],
  ['/home/me/x/node_modules/.bin/osdemo', { PATH: '/bin' }, 'node_modules/.bin/osdemo'],
  ['/home/me/x/bin/osdemo.js', {}, 'node bin/osdemo.js'],
  ['/opt/my programs/bin/osdemo.js', {}, "node '/opt/my programs/bin/osdemo.js'"],
  [
    '/tmp/npx/node_modules/.bin/osdemo',
    { PATH: '/tmp/npx/node_modules/.bin', npm_lifecycle_event: 'npx' },
    'npx osdemo',
  ],
])('%s with %j is %s', (script, env, name) => {
  expect(startedAs(script, env, '/home/me/x')).toBe(name)
})

test('only commands are renamed, not osdemo itself', () => {
  const renamed = (text: string) => asStarted(text, 'npx osdemo')
  expect(renamed('Next: `osdemo pipe read`, or: osdemo tour')).toBe(
    'Next: `npx osdemo pipe read`, or: npx osdemo tour',
  )
  expect(renamed('osdemo clean removes it')).toBe('npx osdemo clean removes it')
  const others = 'The osdemo process waits. Only osdemo view reads `osdemo-ci pipe`.'
  expect(renamed(others)).toBe(others)
})

test('a run and an error name the program so; events and recordings do not', async () => {
  const place = newPlace()
  const next = /`node\s+\S*bin\/osdemo\.js\s/
  const run = place.osdemo(['short-reads', '--brief'], { program: programFile })
  const events = place.osdemo(['short-reads', '--json'])
  const wrong = place.osdemo(['queue', 'receive', '--name', 'x'])
  expect(await Promise.all([run.exit, events.exit])).toEqual([0, 0])
  expect(run.stdout()).toMatch(next)
  expect(events.stdout()).not.toMatch(next)
  expect(events.stdout()).toMatch(/`osdemo /)
  expect(await wrong.exit).toBe(2)

  const folder = temporaryFolder()
  symlinkSync(programFile, join(folder, 'osdemo'))
  const env = { PATH: `${folder}:${process.env.PATH}`, npm_lifecycle_event: '' }
  const short = place.sh('command osdemo short-reads --brief', { env })
  expect(await short.exit).toBe(0)
  expect(short.stdout()).toMatch(/`osdemo /)
})
