/** The program: what the executable imports. */
import { main } from './main.js'

void main(process.argv.slice(2))
