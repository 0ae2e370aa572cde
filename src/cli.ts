/** The program: what the executable imports. */
import { main } from './main.js'

await main(process.argv.slice(2))
