/** To be written. */
import { Unavailable } from '../errors.js'
import type { Demo } from '../run/stage.js'

export const processFork: Demo = async () => {
  throw new Unavailable('not written yet')
}
