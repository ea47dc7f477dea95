// Builds the history for backfill and heal in a process of its own, so that neither its memory nor
// its warmed-up code is in anything that is measured.

import { type ConversationOptions, converse } from './conversation.ts'
import { serve } from './serve.ts'

serve({ converse: (options: ConversationOptions) => converse(options), stop: () => undefined })
