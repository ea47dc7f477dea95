// What models carry as text: the payload of a command, as it stands.
// They do not seal it; what that leaves unmeasured their simplifications say.

import { type Bytes, text } from '../../../base/bytes.ts'

export const textOf = (payload: Bytes): string => text(payload) ?? ''
