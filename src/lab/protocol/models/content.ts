// What models carry as text: the payload of a command, as it stands.

import { type Bytes, text } from '../../../base/bytes.ts'

export const textOf = (payload: Bytes): string => text(payload) ?? ''
