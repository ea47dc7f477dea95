// A client that lost the answer may ask again under the same key and gets the first answer: a text is
// sent once, somebody removed once, a group left once. Remembered for as long as the process lives, for a bounded number of keys.

import { Lru } from '../base/lru.ts'
import { RequestError } from './failure.ts'

const KEYS_MAX = 1_024
const KEY_CHARACTERS_MAX = 128

interface Remembered<T> {
  readonly request: string
  readonly answer: Promise<T>
}

export class Idempotency<T> {
  readonly #answers = new Lru<string, Remembered<T>>(KEYS_MAX)

  /**
   * Runs `work` once for a key. A failure is forgotten, so that it may be tried again.
   * @param request what is asked, as text: the same key for something else is refused
   */
  once(key: string | undefined, request: string, work: () => Promise<T>): Promise<T> {
    if (key === undefined) return work()
    if (key.length === 0 || key.length > KEY_CHARACTERS_MAX) {
      throw new RequestError(
        400,
        'USAGE',
        `An idempotency key has 1 to ${KEY_CHARACTERS_MAX} characters.`,
      )
    }
    const known = this.#answers.get(key)
    if (known !== undefined) {
      if (known.request === request) return known.answer
      throw new RequestError(422, 'USAGE', 'This idempotency key was used for another request.')
    }
    const answer = work()
    this.#answers.set(key, { request, answer })
    answer.catch(() => {
      if (this.#answers.get(key)?.answer === answer) this.#answers.delete(key)
    })
    return answer
  }
}
