// Prints the trace hash of one eventful run: `node --import tsx eventful-run.ts <seed>`.

import { eventful } from './eventful.ts'

console.log(eventful(process.argv[2] ?? 'one').hash)
