/** Claims of `process switch` about registers that come out false. */
import { describe } from 'vitest'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { playedWith } from '../support/impostors.js'

/** A register and the stack pointer of the processor, in struct user_regs_struct. */
const [register, stack] =
  process.arch === 'arm64' ? ['saved.regs[19]', 'saved.sp'] : ['saved.r8', 'saved.rsp']

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(
    [
      'scheduler/kernel-keeps-program-counter',
      'scheduler/kernel-keeps-registers',
      'scheduler/switch-restores-registers',
    ],
    'a tracer that changes a register and the stack pointer',
    () => {
      const change = `${register} = 7; ${stack} -= 4096; ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, \\&all);`
      const PATH = pathWithCompiler(`s/^  ptrace(PTRACE_DETACH/  ${change}\\n&/`)
      return playedWith({ XDG_CACHE_HOME: temporaryFolder(), PATH }, ['process', 'switch'])
    },
  )
})
