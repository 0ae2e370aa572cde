import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { pipeFill } from '../../src/ipc/pipe-fill.js'
import { openFiles } from '../../src/proc/fds.js'
import { start } from '../support/children.js'
import { until } from '../support/until.js'

const python = spawnSync('python3', ['-c', 'import fcntl; fcntl.F_SETPIPE_SZ'])

test('the bytes in a pipe of another process and its capacity, without a descriptor left behind', async ({
  skip,
}) => {
  skip(process.platform !== 'linux' || python.status !== 0, 'needs Linux, and Python 3.10')
  const code = `import fcntl, os, time
r, w = os.pipe(); os.write(w, b'hello'); fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 8192); time.sleep(1000)`
  const { pid } = start('python3', ['-c', code])
  const before = openFiles(process.pid).length
  const fills = await until(() => {
    const all = openFiles(pid).map(({ fd }) => pipeFill(pid, fd))
    const own = all.filter((fill) => fill?.capacity === 8192)
    return own.length === 2 && own
  })
  const fill = { bytes: 5, capacity: 8192 }
  expect(fills).toEqual([fill, fill])
  expect(pipeFill(pid, 999)).toBeUndefined()
  expect(openFiles(process.pid)).toHaveLength(before)
})
