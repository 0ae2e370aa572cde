/** The figures, the most special first: a slide shows the first one for which the story has what it draws. */
import type { Draw } from '../figure.js'
import { drawChannel } from './channel.js'
import { drawMemory } from './memory.js'

export const figures: readonly Draw[] = [drawMemory, drawChannel]
