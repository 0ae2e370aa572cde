/** A call that may wait, in another process. */
export interface Begun<T> {
  hasReturned(): boolean
  /** Waits until it has returned. @throws DemoFailed where it does not return */
  result: Promise<T>
}

export function begun<T>(result: Promise<T>): Begun<T> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  // Nothing may be waiting for it yet when it fails.
  result.then(over, over)
  return { hasReturned: () => isOver, result }
}
