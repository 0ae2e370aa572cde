// These two packages have no types.
declare module '@vweevers/length-prefixed-stream' {
  export function decode(): import('node:stream').Transform
}
declare module 'length-prefixed-stream' {
  export function decode(): import('node:stream').Transform
}
