// Every bound of the libp2p adapter, with its unit and why it is what it is.
// The bounds of the protocol itself are in base/limits.ts; these protect one process and its sockets.

import { ENVELOPE_BYTES_MAX } from '../../base/limits.ts'
import { minuteMs, secondMs } from '../../base/time.ts'

const KIBIBYTE = 1_024
const MEBIBYTE = 1_024 * KIBIBYTE

// --- Channels ------------------------------------------------------------------------------------

/** Bytes of one frame: a mebibyte of content and room for what the core wraps around it. */
export const FRAME_BYTES_MAX = MEBIBYTE + 64 * KIBIBYTE
/** Bytes handed to a stream at once: many small frames share one noise message, a lock is short. */
export const WRITE_BYTES = 128 * KIBIBYTE
/** Bytes that may wait in one channel: the credits of the core keep it near 1 MiB. */
export const CHANNEL_QUEUE_BYTES_MAX = 32 * MEBIBYTE
/** Sync streams per connection and direction: one is used, two more while a pair settles. */
export const SYNC_STREAMS_MAX = 4
/** Join streams per connection and direction: a person joins a few groups at once at most. */
export const JOIN_STREAMS_MAX = 4
/** Join channels from strangers over all connections: anybody may open one. */
export const JOIN_CHANNELS_MAX = 64
/** How long what was sent before a close may take to leave, and the other side to agree, in ms. */
export const CLOSE_MS = 5 * secondMs

// --- Connections ---------------------------------------------------------------------------------

/** Connections: far above what links, joins and lookups of a large node need. */
export const CONNECTIONS_MAX = 256
/** Inbound connections whose handshake is under way. */
export const INBOUND_PENDING_MAX = 64
/** Inbound connections per second from one address: a whole group may live on one machine. */
export const INBOUND_PER_SECOND_MAX = 128
/** Dials under way at once; a handshake costs about 13 ms of a core. */
export const DIALS_PARALLEL_MAX = 32
/** Addresses of one peer that are tried. */
export const DIAL_ADDRESSES_MAX = 16
/** One address may take this long, in ms; the next is tried then. */
export const DIAL_ADDRESS_MS = 4 * secondMs
/** All addresses of a peer together, in ms. */
export const DIAL_MS = 10 * secondMs
/** Asking the directory for the addresses of a peer, in ms. */
export const LOOKUP_MS = 6 * secondMs
/** Agreeing on the protocol of a new stream, in ms; a connection that cannot is dead. */
export const STREAM_MS = 5 * secondMs
/** How long the loser of two crossing dials waits for the connection that won, in ms. */
export const CROSSING_WAIT_MS = 1 * secondMs
/** Two connections of one pair, one from each side, younger than this are crossing dials, in ms. */
export const CROSSING_MS = 2 * secondMs
/** The same for the side that does not decide: longer, or clocks could make both give up. */
export const CROSSING_PATIENT_MS = 6 * secondMs
/** Idle connections are pinged this often, in ms; member links have their own, faster pings. */
export const CONNECTION_PING_MS = 30 * secondMs
/** Least time such a ping is given, in ms: a busy process is not a dead one. */
export const CONNECTION_PING_TIMEOUT_MS = 10 * secondMs
/** Time between two dials of a contact that is not connected, in ms. */
export const CONTACT_REDIAL_MS = 15 * secondMs
/** How long addresses of peers stay known, in ms: connections live longer than libp2p's hour. */
export const PEER_ADDRESS_KEPT_MS = 24 * 60 * minuteMs
/** A stop waits this long for what was sent to leave, in ms. */
export const STOP_FLUSH_MS = 2 * secondMs

// --- Gossip --------------------------------------------------------------------------------------

/** Bytes of an envelope as it travels: the padded content, its key hint and its tag. */
export const ENVELOPE_WIRE_BYTES_MAX = ENVELOPE_BYTES_MAX + 32 * KIBIBYTE
/** An envelope without a verdict after this time is ignored, in ms. */
export const VERDICT_MS = 10 * secondMs
/** Envelopes that wait for a verdict: more are ignored and come by anti-entropy. */
export const VERDICTS_PENDING_MAX = 8_192
/** Bytes of envelopes that wait for a verdict. */
export const VERDICTS_PENDING_BYTES_MAX = 32 * MEBIBYTE
/** Bytes that may wait for one slow peer before its gossip stream is cut. */
export const GOSSIP_QUEUE_BYTES_MAX = 8 * MEBIBYTE
/** Bytes of one gossip packet; an answer to a request for lost envelopes carries several. */
export const GOSSIP_PACKET_BYTES_MAX = 4 * MEBIBYTE
/** Bytes of topic names that one peer may make us keep. */
export const GOSSIP_TOPIC_BYTES_MAX = 256 * KIBIBYTE
/** An envelope of at least this many bytes is announced, so that others need not send it too. */
export const GOSSIP_ANNOUNCED_BYTES_MIN = 16 * KIBIBYTE
/** Time between two rounds of mesh upkeep, in ms. */
export const GOSSIP_HEARTBEAT_MS = 500
/** How long a pruned peer stays out of the mesh, in ms: groups are small and heal quickly. */
export const GOSSIP_BACKOFF_MS = 10 * secondMs
/** How long a peer that unsubscribed stays out of the mesh, in ms. */
export const GOSSIP_RESUBSCRIBE_MS = 1 * secondMs

// --- Upkeep --------------------------------------------------------------------------------------

/** Time between two looks at the health of gossip and at the own addresses, in ms. */
export const UPKEEP_MS = 1 * secondMs
/** Gossip of a connected peer may be down this long before it is mended, in ms. */
export const GOSSIP_DOWN_MEND_MS = 2 * secondMs
/** And this long before all connections to the peer are given up, in ms. */
export const GOSSIP_DOWN_HANG_UP_MS = 4 * secondMs
/** Longest pause between giving up one peer twice, in ms: it may simply not speak gossip. */
export const GOSSIP_HANG_UP_PAUSE_MAX_MS = 5 * minuteMs
