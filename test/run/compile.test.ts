import { expect, onTestFinished, test, vi } from 'vitest'
import { compiled } from '../../src/run/compile.js'
import { noCompiler } from '../support/compiler.js'
import { temporaryFolder } from '../support/folders.js'

test.skipIf(noCompiler)(
  'a program that is needed twice at the same time is compiled all the same',
  async () => {
    vi.stubEnv('XDG_CACHE_HOME', temporaryFolder())
    onTestFinished(() => void vi.unstubAllEnvs())
    const [one, two] = await Promise.all([compiled('after-exec'), compiled('after-exec')])
    expect(one).toBe(two)
  },
)
