// Stands in for the network of the built program in a process that may be told to lie: the real one, which the
// node reaches through ports that can be bent.

import { own } from './own.ts'

const real = await import('../../../adapters/libp2p/libp2p.ts')

export const prepareLibp2p: typeof real.prepareLibp2p = async (options) =>
  own.laidOn(await real.prepareLibp2p(options))
