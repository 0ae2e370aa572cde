/** Turns that osdemo does not use, and what it writes for each. */
import type { Kind } from './texts.js'

export interface Turn {
  pattern: RegExp
  /** What to write in its place. */
  write: string
  /** Where the turn is looked for; without it, everywhere. */
  kinds?: readonly Kind[]
}

const printed: readonly Kind[] = [
  'claim',
  'note',
  'error',
  'hint',
  'summary',
  'option',
  'example',
  'label',
  'help',
]

export const turns: readonly Turn[] = [
  // A process exits.
  { pattern: /\b(?:is|are|was|were|be|been) ended\b/i, write: 'is killed by SIGNAL, or exits' },
  {
    pattern: /(?<!reader[^.]{0,40} )\b(?:has|have|had) gone\b|\bis gone\b|\bare gone\b/i,
    write: 'has exited, was removed, is closed',
  },
  {
    pattern:
      /\b(?:child|parent|process|reader|writer|server|client|sender|receiver|actor|shell|thread|it|command|program|holder) (?:ends|ended|has ended)\b/i,
    write: 'exits, exited',
    kinds: printed,
  },
  {
    pattern: /\bwhat has ended\b|\bthat has ended\b|\bone that ended\b/i,
    write: 'a process that has exited',
  },
  { pattern: /\b(?:its|their|own) end helps\b/i, write: 'until it exits' },
  {
    pattern: /\bhas waited for (?:it|the|its|them)\b|\bwaited for, /i,
    write: 'the parent reaps the child with wait(2)',
  },
  { pattern: /\basked? how it ended\b/i, write: 'calls wait(2)' },
  {
    pattern:
      /\b(?:gets?|got|given) another parent\b|\blost the zombie\b|\bgives? (?:its|the) children away\b/i,
    write: 'is adopted by (reparented to) pid N',
  },
  // A process blocks in a call, wakes up and continues.
  {
    pattern: /\bwaits (?:there )?in (?:`?\w+\(\d\)|…|open|read|write|wait|poll|a system call|the call)/i,
    write: 'blocks in read(2)',
    kinds: printed,
  },
  { pattern: /\bwaiting in (?:`?\w+\(\d\)|…)/i, write: 'blocked in read(2)', kinds: printed },
  {
    pattern: /\b(?:let|lets) (?:go )?on\b|\bgo(?:es)? on\b|\bgoing on\b|\bwent on\b|\bgone on\b/i,
    write: 'continues; happens',
  },
  { pattern: /\bmust wait\b(?! for)/i, write: 'blocks', kinds: printed },
  {
    pattern:
      /\bheld (?:in|by) (?:the call|open|read|write|…)|\bholds? (?:its|the) callers?\b|\bheld (?:its|the) callers?\b/i,
    write: 'the caller blocks in the call',
  },
  { pattern: /\bto be woken\b|\bis woken\b|\bwoken\b/i, write: 'wakes up', kinds: printed },
  // The scheduler preempts a process.
  {
    pattern:
      /\bgives? (?:the|its) CPU (?:up|away)\b|\bCPU is taken\b|\bCPU was taken\b|\bleaves? by (?:itself|themselves)\b|\bleaves? the CPU\b|\bleft the CPU\b/i,
    write: 'is preempted; gives up the CPU voluntarily',
  },
  {
    pattern: /\bmerely ready\b|\bstands? still\b|\bstood still\b/i,
    write: 'ready (runnable); stopped; deadlocked',
  },
  { pattern: /\bat work\b/i, write: 'running', kinds: printed },
  // Descriptors, pipes and streams.
  {
    pattern: /\bend (?:that|which) (?:it|they) (?:holds?|has|have)\b/i,
    write: 'the read end, the write end, the descriptor',
  },
  { pattern: /\bend of the stream\b|\bstream ends?\b/i, write: 'end of file (EOF)', kinds: printed },
  {
    pattern: /\blay (?:hold|down)\b|\blays (?:hold|down)\b|\blet go\b|\blets go\b/i,
    write: 'attach, detach; drop',
  },
  { pattern: /\bwent away\b|\bgo(?:es)? away\b|\bgone away\b/i, write: 'exited, closed, was removed' },
  {
    pattern: /\bfewer than (?:were )?asked for\b|\bfewer than asked\b|\bthan it asked for\b/i,
    write: 'a short read, a short write',
  },
  // Words and telling.
  {
    pattern:
      /\b(?:a|the|each|one|any|next) word\b(?= (?:to|comes|came|has|was|from))|\bwithout a word\b|\btells? (?:it |them |him )?a word\b|\bgives? (?:it |them )?a word\b|\bsends? (?:it |them )?a word\b|\ba word to\b/i,
    write: 'a command, a message, a line',
  },
  {
    pattern:
      /\btells? (?:us|it|them|him|you|the|a|an|its|which|how|what|whether|who)\b|\bis told\b|\bare told\b|\bwas told\b|\bwere told\b|\bnot told\b/i,
    write: 'reports, prints, sends, contains',
    kinds: printed,
  },
  {
    pattern:
      /\b(?:kernel|file|program|call|function|list|line|map|table|page|header|length|wchan|message|option|name|kernels?|says) (?:says?|said|tells?|told|gives?|gave)\b/i,
    write: 'reports, prints, returns, contains, requires',
    kinds: printed,
  },
  { pattern: /\bnot so on this machine\b/i, write: 'claim failed' },
  {
    pattern: /\bsays? so\b|\bsaid so\b|\bsaying so\b/i,
    write: 'reports it',
    kinds: [...printed, 'document'],
  },
  { pattern: /\bis silent\b|\bare silent\b|\bsays? nothing\b/i, write: 'prints nothing' },
  { pattern: /\bmade to wait\b|\bmakes? (?:the |a )?\w+ wait\b/i, write: 'blocks' },
  // Private metaphors.
  { pattern: /\bdirectors?\b/i, write: 'supervisor' },
  { pattern: /\bleash\b/i, write: 'exits with osdemo (PR_SET_PDEATHSIG)', kinds: printed },
  { pattern: /\bstrangers?\b|\bfellows?\b/i, write: 'another process' },
  { pattern: /\bdeadly\b|\bcome into being\b|\bcame into being\b/i, write: 'crashes (SIGSEGV); is created' },
  { pattern: /\bone door\b|\bthe door\b/i, write: 'the only module that' },
  { pattern: /\bwitness(?:es)?\b/i, write: 'evidence' },
  // Words that hide which process it is.
  { pattern: /\b(?:some|no|any|every)body\b/i, write: 'a process, no process, the reader, the user' },
  {
    pattern: /\b(?:some|any|every)one\b|\bno one\b/i,
    write: 'a process, no process, the reader, the user',
    kinds: printed,
  },
  { pattern: /\bwhoever\b|\bwhose turn\b/i, write: 'the process that', kinds: printed },
  {
    pattern:
      /\bwho\b(?: (?:also|then|now|still|really|only|first))? (?:waits?|holds?|has|have|had|computes?|sleeps?|reads?|writes?|sends?|receives?|listens?|uses?|is|are|was|were|got|gets?|does|do|did|may|can|opens?|opened|made|makes?|owns?|runs?|ran|adopted|adopts|started|asked|closes?|must|comes?|came|knows?|speaks?|says?|said|killed|wrote|sent)\b/i,
    write: 'the process that, which process, the reader, the lock holder',
    kinds: printed,
  },
  {
    pattern: /\bwho\b/i,
    write: 'which process, which user',
    kinds: ['claim', 'note', 'summary', 'option', 'help'],
  },
  {
    pattern: /\b(?:process|child|parent|reader|writer|server|client|thread|kernel|shell|cat) who\b/i,
    write: 'the process that',
  },
  { pattern: /\b(?:he|him|his)\b/i, write: 'it, its', kinds: [...printed, 'document'] },
  { pattern: /\b(?:we|us|our|ours|ourselves)\b/i, write: 'osdemo, or the process', kinds: printed },
  // Old order of words, and turns that no textbook has.
  {
    pattern: /(?:^|[.:;] )of (?:a|an|the|all|each|these|those)\b/i,
    write: 'the subject first',
    kinds: [...printed, 'document'],
  },
  {
    pattern: /\bwhat of (?:all )?(?:this|it|them)\b|\bof all (?:this|it)\b|\bnone of this\b/i,
    write: 'name the thing',
  },
  {
    pattern:
      /\bnot yet there\b|\bis there(?: (?:already|now|still))?[.,;:]|\bis there (?:already|for)\b|\bare there[.,;]|\bstill there\b|\bwas there\b(?! (?:a|an|no|any|one))/i,
    write: 'exists, is open, is in memory',
    kinds: printed,
  },
  {
    pattern: /\b(?:is|are|was|were) left alone\b|\bleft alone\b/i,
    write: 'kept, skipped',
    kinds: [...printed, 'document'],
  },
  {
    pattern: /\bcannot be seen here\b|\bcould not be seen here\b|\bnot seen here\b/i,
    write: 'Not observed: REASON.',
  },
  {
    pattern: /\bcannot be seen\b|\bcould not be seen\b|\bcan be seen here\b/i,
    write: 'Not observed: REASON.',
    kinds: ['claim', 'note'],
  },
  { pattern: /\bruns here\b|\bof it here\b|\bon here\b/i, write: 'works on this machine', kinds: printed },
  { pattern: /\bhas been seen to\b|\bwas seen to\b/i, write: 'name the measurement', kinds: printed },
  { pattern: /\bas it (?:has|had) it\b|\bas \S+\(\d\) has it\b/i, write: 'like timeout(1)', kinds: printed },
  {
    pattern: /\blies there\b|\blies? in (?:its|the|a)\b|\bwhat lies\b/i,
    write: 'is in, is stored in',
    kinds: printed,
  },
  { pattern: /\bfor ever\b/i, write: 'forever' },
  {
    pattern: /\bhad better\b|\bmay well\b|\bwould rather\b/i,
    write: 'must, should, can',
    kinds: [...printed, 'document'],
  },
  {
    pattern: /\bsuch (?:a one|is|as are)\b|\bhas such\b|\bthere is such\b/i,
    write: 'name the thing',
    kinds: printed,
  },
  { pattern: /\bso many\b|\bso much\b/i, write: 'a number, as many as', kinds: printed },
  { pattern: /\bwhich is why\b|\bso that is\b/i, write: 'two sentences', kinds: ['claim', 'note'] },
  { pattern: /\blook(?:s|ed)? into\b/i, write: 'reads', kinds: printed },
  { pattern: /\btake[sn]? out\b|\btook out\b/i, write: 'receives, removes', kinds: printed },
  { pattern: /\bno more\b(?! than| [a-z]+s\b)|\bany more\b/i, write: 'no longer', kinds: printed },
  {
    pattern: /\bstory\b/i,
    write: 'timeline, output',
    kinds: ['claim', 'note', 'error', 'hint', 'option', 'summary'],
  },
  { pattern: /\bhears?\b|\bheard\b/i, write: 'receives, reads', kinds: printed },
]
