/** All bugs of `npm run test:mutants`, a file for each topic. */
import { benchMutants } from './bench.js'
import { isolationMutants } from './isolation.js'
import { lockMutants } from './lock.js'
import { memoryMutants } from './memory.js'
import { modelsMutants } from './models.js'
import type { Mutant } from './mutant.js'
import { otherMutants } from './other.js'
import { pipeMutants } from './pipe.js'
import { processMutants } from './process.js'
import { queueSysvMutants } from './queue-sysv.js'
import { runMutants } from './run.js'
import { semaphoreMutants } from './semaphore.js'
import { semaphoreDemoMutants } from './semaphore-demo.js'
import { signalMutants } from './signal.js'
import { socketMutants } from './socket.js'
import { inetSocketMutants } from './socket-inet.js'
import { unixSocketMutants } from './socket-unix.js'
import { viewsMutants } from './views.js'
import { whyMutants } from './why.js'

export const mutants: readonly Mutant[] = [
  ...benchMutants,
  ...runMutants,
  ...processMutants,
  ...isolationMutants,
  ...pipeMutants,
  ...signalMutants,
  ...lockMutants,
  ...semaphoreMutants,
  ...semaphoreDemoMutants,
  ...socketMutants,
  ...unixSocketMutants,
  ...inetSocketMutants,
  ...queueSysvMutants,
  ...memoryMutants,
  ...modelsMutants,
  ...whyMutants,
  ...viewsMutants,
  ...otherMutants,
]
