/** Prints everything that is against plain words: `npm run words`, or `npm run words -- PATH...` for a part. */
import { isAllowed } from './exceptions.js'
import { findings } from './findings.js'
import { type Violation, written } from './rules.js'

const prefixes = process.argv.slice(2)
const isWanted = ({ file }: Violation) =>
  prefixes.length === 0 || prefixes.some((prefix) => file.startsWith(prefix))
const found = (await findings(process.cwd())).filter((one) => isWanted(one) && !isAllowed(one))
found.sort((one, other) => (one.file === other.file ? one.line - other.line : one.file < other.file ? -1 : 1))
for (const one of found) process.stdout.write(`${written(one)}\n`)
process.stdout.write(`${found.length} to mend\n`)
process.exitCode = found.length > 0 ? 1 : 0
