// Which frames of a member link carry messages: what a liar keeps to itself or changes. All others keep the
// link alive and say what is held, so that a liar goes on being somebody.

import type { Bytes } from '../../../base/bytes.ts'
import { FrameKind } from '../../../core/anti-entropy/frames.ts'

export const carries = (frame: Bytes): boolean => frame[1] === FrameKind.batch
