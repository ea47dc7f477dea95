// Every bound of the protocol and of the node: what it limits, its unit, and why it is what it is.
// A limit is checked before memory is taken for what it limits. A constitution may lower the limits
// of a group, never raise them. Names end in their unit; MAX and MIN say which side they hold.

import { dayMs, hourMs, minuteMs, secondMs } from './time.ts'

const KIBIBYTE = 1_024
const MEBIBYTE = 1_024 * KIBIBYTE

// --- One message ---------------------------------------------------------------------------------

/** Bytes of a message body: one gossip frame carries it; larger things are referred to by hash. */
export const BODY_BYTES_MAX = 64 * KIBIBYTE
/** Bytes of a header: some 275 are usual, sixteen dependencies need about 800. */
export const HEADER_BYTES_MAX = 4 * KIBIBYTE
/** Dependencies of a header besides the author's previous message: more heads wait for the next. */
export const DEPS_MAX = 16
/** Bytes of an epoch message: one seal of 80 bytes plus names for each of 1,024 recipients. */
export const EPOCH_MESSAGE_BYTES_MAX = 256 * KIBIBYTE
/** Bytes of a proof of equivocation: two headers, two signatures and the paths down to them. */
export const EVIDENCE_BYTES_MAX = 64 * KIBIBYTE
/** Headers of one side of it: an author's own signature is held at every 32nd counter at least. */
export const EVIDENCE_PATH_MAX = 32
/** Bytes of a short text such as a topic or a reason: fits on a screen line or two. */
export const TEXT_FIELD_BYTES_MAX = 256
/** Bytes of a name of a member or a group: fits in a table column. */
export const NAME_BYTES_MAX = 64
/** Entries of one Meta message: a newcomer learns that many hidden messages at once. */
export const META_ENTRIES_MAX = 512
/** Content types that one restriction names: a policy, not a catalogue. */
export const META_TYPES_MAX = 32
/** Bytes of a content type in a restriction: as long as the registry of media types allows. */
export const MEDIA_TYPE_BYTES_MAX = 128
/** Counters of a member stay below this: 32 bits on the wire, and this value stands for "none". */
export const COUNTER_MAX = 0xffff_ffff
/** The greatest time that a message may claim, ms UTC: far beyond any clock, well within a double. */
export const SENT_MS_MAX = 2 ** 48
/** The greatest depth of an epoch: 32 bits on the wire. */
export const EPOCH_DEPTH_MAX = 0xffff_ffff
/** The greatest integer that the encoding knows: above it a double loses whole numbers. */
export const INTEGER_MAX = Number.MAX_SAFE_INTEGER
/** Nesting of arrays in anything encoded: the deepest real object needs six. */
export const NESTING_MAX = 16
/** Items, nested ones included, in anything encoded: an epoch for 1,024 recipients needs 5,130. */
export const ITEMS_MAX = 16_384
/** Bytes of anything encoded when the caller names no bound of its own: the largest message. */
export const ENCODED_BYTES_MAX = EPOCH_MESSAGE_BYTES_MAX

// --- One group -----------------------------------------------------------------------------------

/** Leaders of a group: every seal waits for all of them, and elections rank all of them. */
export const LEADERS_MAX = 16
/** Leaders of a group: without one nobody could ever be admitted. */
export const LEADERS_MIN = 1
/** Members ever admitted to a group: one epoch message must hold a seal for each. */
export const MEMBERS_MAX = 1_024
/** Members that the tests of size aim at. */
export const MEMBERS_TESTED = 256
/** Devices of one account: a person's, not a fleet's. */
export const DEVICES_PER_ACCOUNT_MAX = 8

// --- What one peer or author may make us hold ----------------------------------------------------

/** Messages in one run of anti-entropy: the unit that is verified and written together. */
export const RUN_MESSAGES_MAX = 256
/** Messages that wait for their past, from one peer. */
export const PENDING_PER_PEER_MAX = 1_024
/** Bytes that wait for their past, from one peer. */
export const PENDING_PER_PEER_BYTES_MAX = 8 * MEBIBYTE
/** Messages that wait for their past, from all peers together. */
export const PENDING_TOTAL_MAX = 8_192
/** Messages of accused members that wait for somebody who heard them in time. */
export const ASIDE_MAX = 8_192
/** Bytes of such messages. */
export const ASIDE_BYTES_MAX = 8 * MEBIBYTE
/** How long a message may wait for its past, in ms; anti-entropy fetches it again if needed. */
export const PENDING_AGE_MS = 10 * minuteMs
/** Live messages of one author taken in per second on average; the excess is fetched later. */
export const AUTHOR_LIVE_PER_SECOND_MAX = 500
/** Live messages of one author taken in at once before that average counts. */
export const AUTHOR_LIVE_BURST_MAX = 5_000
/** Epochs shared by the fallback in an hour, to one member: a rare repair, not a channel. */
export const SHARED_EPOCHS_PER_HOUR_MAX = 64
/** Epochs that one request for keys may name: an hour's worth. */
export const SHARE_EPOCHS_MAX = 64
/** Bytes of a request for keys: some 80 for each epoch. */
export const SHARE_REQUEST_BYTES_MAX = 8 * KIBIBYTE
/** Keys of single texts in one answer: with all chains of the largest group within an encoded object. */
export const SHARE_KEYS_MAX = 2_048
/** Bytes of what is sealed to one request in all: what is beyond it is asked for again. */
export const SHARE_BYTES_MAX = MEBIBYTE
/** Keys are asked for when a group has been quiet for this long, in ms. */
export const SHARE_QUIET_MS = 2 * secondMs
/** Whoever is asked for keys and says nothing for this long is passed over, in ms. */
export const SHARE_STALL_MS = 10 * secondMs
/** Once every linked member was asked for an epoch, all are again after this, in ms; it doubles ... */
export const SHARE_AGAIN_MS = minuteMs
/** ... up to this. */
export const SHARE_AGAIN_MAX_MS = hourMs
/** Entries of the log of key requests that are kept, in a group: the oldest go first. */
export const SHARE_LOG_MAX = 256
/** Requests to join that one peer may make in an hour. */
export const JOIN_REQUESTS_PER_HOUR_MAX = 10
/** How long an introducer keeps a request to join that it passes on, in ms. */
export const JOIN_REQUEST_KEPT_MS = 10 * minuteMs
/** How long `send --ack` waits for receipts unless it is told otherwise, in ms. */
export const ACK_TIMEOUT_MS = 5 * secondMs
/** Bytes of a receipt: four ids and a signature. */
export const RECEIPT_BYTES_MAX = 256
/** Messages of which receipts are asked for or passed on at a time, in one group. */
export const ACKS_MAX = 1_024
/** How long receipts of a message are passed on and kept, in ms: late ones are proof all the same. */
export const ACK_OPEN_MS = 10 * minuteMs
/** Receipts, presences and other small signed notes: bytes of one. */
export const NOTE_BYTES_MAX = 2 * KIBIBYTE

// --- Cards, tickets, addresses -------------------------------------------------------------------

/** Addresses in a ticket or in a reach record. */
export const ADDRESSES_MAX = 8
/** Bytes of one address in its text form. */
export const ADDRESS_BYTES_MAX = 256
/** How long the private half of an unused card is kept, in ms. */
export const CARD_KEPT_MS = 30 * dayMs

// --- Links ---------------------------------------------------------------------------------------

/** Active members up to which everybody links to everybody. */
export const FULL_LINKS_MEMBERS_MAX = 12
/** Members that an envelope names as reached by its writer itself: all links that one has. */
export const ENVELOPE_TOLD_MAX = 64
/** Links to members in a larger group. */
export const LINKS_MAX = 8
/** A link without traffic for this long is pinged, in ms. */
export const LINK_PING_AFTER_MS = 2 * secondMs
/** A link that is silent for this long and a round trip more is dead and closed by reset, in ms. */
export const LINK_DEAD_AFTER_MS = 4 * secondMs
/** A round trip that has not been measured yet, or is longer, counts as this, in ms. */
export const LINK_ROUND_TRIP_MAX_MS = 8 * secondMs
/** How long the side with the higher peer id waits before it dials too, in ms. */
export const DIAL_SECOND_SIDE_MS = 2 * secondMs
/** Dials per second that all missing members share. */
export const DIALS_PER_SECOND_MAX = 8
/** Least time between two dials of one missing member, in ms. */
export const REDIAL_MIN_MS = 1 * secondMs
/** Time between two dials of one missing member while few are missing, in ms. */
export const REDIAL_MAX_MS = 2 * secondMs
/** Sizes to which the list of group proofs in a hello is padded: counts tell nothing else. */
export const HELLO_TAG_COUNTS: readonly number[] = Object.freeze([8, 64, 512])
/** Members lost within this time of each other look like a partition, in ms. */
export const PARTITION_WINDOW_MS = 5 * secondMs
/** How long a heal waits for the next of those who were lost before it counts those who are back, in ms. */
export const HEAL_GATHER_MS = 2 * secondMs
/** How long a heal is watched for what is still open, such as one epoch, in ms. */
export const HEAL_RECORDED_MS = 10 * minuteMs
/** Times that a peer was asked in vain for what it says to hold before it is named for it ... */
export const WITHHELD_ASKS_MIN = 4
/** ... and how long that must have gone on, in ms: it is asked every ten seconds. */
export const WITHHELD_AFTER_MS = 45 * secondMs
/** Ids known but not held for longer than this make a group `behind`, in ms. */
export const BEHIND_AFTER_MS = 5 * secondMs

// --- Envelopes -----------------------------------------------------------------------------------

/** Least bytes of a padded envelope; each larger size doubles. */
export const ENVELOPE_BYTES_MIN = 512
/** Greatest bytes of a padded envelope; what is larger travels by anti-entropy only. */
export const ENVELOPE_BYTES_MAX = 128 * KIBIBYTE

// --- Clocks and the times of the protocol --------------------------------------------------------

/** A clock that differs by more than this is pointed out, in ms; nothing depends on it. */
export const CLOCK_SKEW_SHOWN_MS = 5 * minuteMs
/** Time between two presences of a leader, in ms. */
export const PRESENCE_INTERVAL_MS = 30 * secondMs
/** Presences that may be missed before a leader counts as offline. */
export const PRESENCE_MISSED_MAX = 3
/** Complaints about epochs of one leader after which it acts last. */
export const COMPLAINTS_RANK_LAST = 2
/** How long a complaint counts for that, in ms. */
export const COMPLAINTS_WITHIN_MS = dayMs
/** Time within which something new is attested, in ms. */
export const ATTEST_INTERVAL_MS = 60 * secondMs
/** Random part of that time, in ms: whoever comes later takes what the earlier said into one message. */
export const ATTEST_JITTER_MS = 5 * secondMs
/** When a leader that could not make an epoch that is called for looks again, in ms. */
export const MANAGE_RETRY_MS = 60 * secondMs
/** Own messages after which an attestation is due. */
export const ATTEST_AFTER_MESSAGES = 32
/** After this wait a leader posts the attestation that lets texts become final, in ms. */
export const ATTEST_FINAL_AFTER_MS = 2 * secondMs
/** How long the epoch heads must not change before a merge is considered, in ms. */
export const MERGE_QUIET_MS = 5 * secondMs
/** Time that each better-ranked leader is given before a merge, in ms. */
export const MERGE_SLOT_MS = 5 * secondMs
/** Random part of the wait before a merge, in ms. */
export const MERGE_JITTER_MS = 1 * secondMs
/** Doublings of the wait before a merge at most: fewer let sixteen leaders storm. */
export const MERGE_BACKOFF_MAX = 5
/** Time that each better-ranked leader is given for any other reason to re-key, in ms. */
export const ROTATE_SLOT_MS = 2 * secondMs
/** Random part of the wait for any other reason to re-key, in ms. */
export const ROTATE_JITTER_MS = 500
/** An epoch that is in use is renewed at this age, in ms. */
export const EPOCH_AGE_MAX_MS = dayMs
/** Least time between two epochs that no membership change asks for, in ms. */
export const EPOCH_GAP_MIN_MS = 10 * minuteMs
/** Messages under one epoch after which it is renewed. */
export const EPOCH_MESSAGES_MAX = 10_000
/** Messages since the parents from which on a periodic epoch is valid. */
export const EPOCH_PERIODIC_MESSAGES_MIN = 32
/** Least time between two honoured requests of one member to re-key, in ms. */
export const REKEY_REQUEST_GAP_MS = hourMs
/** A prekey in use is replaced by a new one at this age, in ms. */
export const PREKEY_INTERVAL_MS = dayMs
/** A member that was heard of again is written down after this, in ms: a restart may forget as much. */
export const HEARD_SAVED_MS = 6 * hourMs
/** How long a leader has been among others before it sets anybody dormant, in ms. */
export const SILENCE_JUDGED_AFTER_MS = hourMs
/** Chains that moved on are written anew after this, in ms, and what was written before is destroyed. */
export const CHAINS_RENEWED_MS = 30 * secondMs
/** Random part of the wait for that, in ms: members who joined together must not all speak at once. */
export const PREKEY_JITTER_MS = 5 * minuteMs

// --- What is told of a message ---------------------------------------------------------------------

/** Messages of a group of which it is remembered how they came. */
export const ARRIVALS_REMEMBERED = 2048
/** Messages that one name is looked up for, in each group. */
export const MESSAGES_NAMED_MAX = 16
/** Reads of the store to tell where one message stands in the final order; each is one of a bisection. */
export const STANDPOINT_READS_MAX = 256

// --- Anti-entropy on the wire --------------------------------------------------------------------

/** Messages in one batch of the session form: with sixteen dependencies each, still decodable. */
export const BATCH_MESSAGES_MAX = 400
/** Bytes after which a sender closes a batch; one message may exceed it alone. */
export const BATCH_BYTES_TARGET = 160 * KIBIBYTE
/** Bytes of any frame on a member link: the largest message with room for its frame. */
export const BATCH_BYTES_MAX = 512 * KIBIBYTE
/** Bytes that a sender may have on the way before the reader has made them durable. */
export const SYNC_CREDIT_BYTES = MEBIBYTE
/** Messages that do not count, of one member that is gone, beyond which the gone bring no more of it. */
export const GONE_WITHDRAWN_MAX = 256
/** Bytes of batches that a reader gathers before it calls them durable: a part of that credit. */
export const DURABLE_BYTES_MIN = 256 * KIBIBYTE

// --- Archives and proofs ------------------------------------------------------------------------------------

/** Bytes of one frame of an archive of a transcript: the largest message, or what vouches for a line. */
export const ARCHIVE_FRAME_BYTES_MAX = MEBIBYTE
/** Bytes of messages after which a writer of an archive closes a frame. */
export const ARCHIVE_FRAME_BYTES_TARGET = 96 * KIBIBYTE
/** Bytes of a proof for strangers: constitution, admission and evidence, each within a body. */
export const PROOF_BYTES_MAX = 4 * BODY_BYTES_MAX
/** Messages that a writer or reader of an archive holds in memory, over all lines. */
export const ARCHIVE_WINDOW_MESSAGES = 4_096
