/**
 * The types of what each actor receives. The entry file of an actor adds its own line to this interface by declaration
 * merging. So the compiler checks both sides: the demo that starts an actor, and the actor.
 *
 *     declare module '../actor-types.js' {
 *       interface Actors {
 *         counter: { config: CounterConfig; word: CounterWord; runsAs: 'process' | 'thread' }
 *       }
 *     }
 *
 * `config` is passed at the start. `word` is the type of the commands that a demo may send later; `never` if there are none.
 * For a process, both are sent as JSON. `runsAs` says whether the actor can be started as a process, a thread, or both.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the actors fill it
export interface Actors {}

/** The name of an actor's entry file, without its ending. */
export type ActorProgram = keyof Actors

export type ConfigOf<P extends ActorProgram> = Actors[P]['config']

export type WordOf<P extends ActorProgram> = Actors[P]['word']

/** The actors that can be started as a process, or as a thread. */
export type ProgramThatRunsAs<Kind extends 'process' | 'thread'> = {
  [P in ActorProgram]: Kind extends Actors[P]['runsAs'] ? P : never
}[ActorProgram]
