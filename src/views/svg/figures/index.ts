/** The figures, the most special first: a slide shows the first one for which the story has what it draws. */
import type { Draw } from '../figure.js'
import { drawBenchmark } from './benchmark.js'
import { drawBoundaries } from './boundaries.js'
import { drawBuffer } from './buffer.js'
import { drawCapacity } from './capacity.js'
import { drawChannel } from './channel.js'
import { drawDialogue } from './dialogue.js'
import { drawEnds } from './ends.js'
import { drawExec } from './exec.js'
import { drawFileLocks } from './file-locks.js'
import { drawFork } from './fork.js'
import { drawFrames } from './frames.js'
import { drawIsolation } from './isolation.js'
import { drawKernel } from './kernel.js'
import { drawListener } from './listener.js'
import { drawMapped } from './mapped.js'
import { drawMatrix } from './matrix.js'
import { drawMemory } from './memory.js'
import { drawMessageTypes } from './message-types.js'
import { drawModels } from './models.js'
import { drawOrphan } from './orphan.js'
import { drawPair } from './peers.js'
import { drawPhilosophers } from './philosophers.js'
import { drawRace } from './race.js'
import { drawRing } from './ring.js'
import { drawSchedule } from './schedule.js'
import { drawSegment } from './segment.js'
import { drawSemaphore } from './semaphore.js'
import { drawSignals } from './signals.js'
import { drawSockets } from './sockets.js'
import { drawStates } from './states.js'
import { drawSwitch } from './switch.js'
import { drawThreads } from './threads.js'
import { drawTorn } from './torn.js'
import { drawTree } from './tree.js'
import { drawUdpLoss } from './udp-loss.js'
import { drawUnixSocket } from './unix-socket.js'
import { drawWaitFor } from './wait-for.js'
import { drawZombie } from './zombie.js'

export const figures: readonly Draw[] = [
  drawBenchmark,
  drawEnds,
  drawSignals,
  drawFileLocks,
  drawSemaphore,
  drawMessageTypes,
  drawUdpLoss,
  drawPhilosophers,
  drawListener,
  drawBuffer,
  drawExec,
  drawBoundaries,
  drawPair,
  drawUnixSocket,
  drawMapped,
  drawSchedule,
  drawRace,
  drawThreads,
  drawSwitch,
  drawModels,
  drawWaitFor,
  drawRing,
  drawSegment,
  drawStates,
  drawFork,
  drawIsolation,
  drawOrphan,
  drawZombie,
  drawTree,
  drawFrames,
  drawMatrix,
  drawTorn,
  drawSockets,
  drawDialogue,
  drawCapacity,
  drawKernel,
  drawMemory,
  drawChannel,
]
