/** The colours of the processes and threads of a figure. */

const classes = ['one', 'two', 'three', 'four'] as const

/** The class of colour of a participant. More than four repeat the colours, so a figure also tells them apart by place or name. */
export function participant(at: number): (typeof classes)[number] {
  return classes[at % classes.length] ?? 'one'
}
