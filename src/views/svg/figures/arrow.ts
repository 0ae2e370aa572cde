/** Arrows: straight ones between a process and a resource, and the heads of all. */
import { element } from '../parts.js'

interface Point {
  x: number
  y: number
}

/**
 * An arrow between two boxes: dashed where a process waits for a resource, and not where the resource belongs to a process.
 *
 * @param gaps from the points to the ends of the arrow
 */
export function arrow(from: Point, to: Point, gaps: [number, number], isWaiting: boolean): string {
  const angle = Math.atan2(to.y - from.y, to.x - from.x)
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  const start = { x: from.x + cos * gaps[0], y: from.y + sin * gaps[0] }
  const end = { x: to.x - cos * gaps[1], y: to.y - sin * gaps[1] }
  const line = {
    x1: start.x,
    y1: start.y,
    x2: end.x,
    y2: end.y,
    class: isWaiting ? 'lost' : 'arrow',
    ...(isWaiting && { 'stroke-dasharray': '6 4' }),
  }
  return element('line', line) + arrowHead([start, end], isWaiting ? 'bad' : 'head')
}

/** The head of an arrow, in the direction of the last part of its line. */
export function arrowHead(points: readonly Point[], kind: string): string {
  const [before, end] = points.slice(-2)
  if (!before || !end) return ''
  const angle = (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI
  return element('path', {
    d: 'M-11 -6L0 0L-11 6Z',
    class: kind,
    transform: `translate(${end.x.toFixed(1)} ${end.y.toFixed(1)}) rotate(${angle.toFixed(1)})`,
  })
}
