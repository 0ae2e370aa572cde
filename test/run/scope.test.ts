import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { createScope } from '../../src/run/scope.js'
import { temporaryFolder } from '../support/osdemo.js'

test('releases run last in, first out', async () => {
  const order: number[] = []
  {
    await using scope = createScope()
    for (const number of [1, 2, 3]) scope.defer(() => order.push(number))
  }
  expect(order).toEqual([3, 2, 1])
})

test('a release is complete before the next one runs', async () => {
  const order: string[] = []
  {
    await using scope = createScope()
    scope.defer(() => order.push('unlink'))
    scope.defer(
      () => order.push('kill'),
      async () => {
        await Promise.resolve()
        order.push('dead')
      },
    )
  }
  expect(order).toEqual(['kill', 'dead', 'unlink'])
})

test('one failing release does not keep the others from running', async () => {
  const order: number[] = []
  {
    await using scope = createScope()
    scope.defer(() => order.push(1))
    scope.defer(() => {
      throw new Error('cannot')
    })
    scope.defer(
      () => order.push(3),
      () => Promise.reject(new Error('never settles well')),
    )
  }
  expect(order).toEqual([3, 1])
})

test('one that fails before it can wait does not keep the others from running', async () => {
  const order: number[] = []
  {
    await using scope = createScope()
    scope.defer(() => order.push(1))
    scope.defer(
      () => order.push(2),
      () => {
        throw new Error('throws instead of rejecting')
      },
    )
  }
  expect(order).toEqual([2, 1])
})

test('an early release runs once and not again at the end', async () => {
  let released = 0
  {
    await using scope = createScope()
    const release = scope.defer(() => released++)
    release()
    release()
    expect(released).toBe(1)
  }
  expect(released).toBe(1)
})

test('a process that exits in the middle releases everything, innermost scope first', async () => {
  const folder = temporaryFolder()
  const outfile = join(folder, 'exit.mjs')
  const contents = `
    import { createScope } from './src/run/scope.ts'
    const outer = createScope()
    outer.defer(() => console.log('fifo'))
    const inner = createScope()
    inner.defer(() => console.log('buffer'))
    inner.defer(() => console.log('child'))
    process.exit(3)`
  const options = { bundle: true, platform: 'node', format: 'esm', outfile } as const
  await build({ stdin: { contents, resolveDir: '.' }, external: ['pino'], ...options })
  const end = await promisify(execFile)(process.execPath, [outfile]).catch((error) => error)
  expect(end).toMatchObject({ code: 3, stdout: 'child\nbuffer\nfifo\n' })
})
