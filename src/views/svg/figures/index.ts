/** The figures, the most special first: a slide shows the first one for which the story has what it draws. */
import type { Draw } from '../figure.js'
import { drawChannel } from './channel.js'
import { drawMemory } from './memory.js'
import { drawSchedule } from './schedule.js'
import { drawSegment } from './segment.js'

export const figures: readonly Draw[] = [drawSchedule, drawSegment, drawMemory, drawChannel]
