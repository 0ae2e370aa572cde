/** How a check ends early. */
import type { Failure } from './define.js'

/** The program did not do what the check expects. */
export class CheckFailed extends Error {
  constructor(readonly failure: Failure) {
    super(failure.got)
  }
}

/** The program did not answer in time. */
export class CheckTimedOut extends CheckFailed {}

export class CheckSkipped extends Error {}
