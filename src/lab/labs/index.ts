/** The labs of osdemo, in the order of the lecture. */
import type { Lab } from '../define.js'
import { echoServer } from './echo-server.js'

export const labs: readonly Lab[] = [echoServer]
