/**
 * What each actor is given and told. Every entry file of `src/actors` adds its own line to this interface, by declaration
 * merging, so the compiler checks both sides: the demo that starts an actor, and the actor itself.
 *
 *     declare module '../actor-types.js' {
 *       interface Actors {
 *         counter: { config: CounterConfig; word: CounterWord; runsAs: 'process' | 'thread' }
 *       }
 *     }
 *
 * `config` is what it is started with. `word` is what a demo may tell it later, `never` where that is nothing. Both cross
 * a line of JSON where the actor is a process. `runsAs` says how it can be started.
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
