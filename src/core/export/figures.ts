/**
 * What is counted while an archive is verified, message by message: what was there, and what of it was
 * computed or checked anew.
 */
import type { Message } from '../message/message.ts'
import { MessageType } from '../message/type.ts'

/** Counted message by message. */
export interface ArchiveFigures {
  messages: number
  texts: number
  /** Signatures checked; every other message is vouched for by a later one of its author. */
  signatures: number
  /** Statements of the author's whole view, each computed again. */
  views: number
  attestations: number
  epochs: number
  evidence: number
  /** Claimed times of the earliest and the latest message, ms UTC; null when there is none. */
  firstSent: number | null
  lastSent: number | null
}

export const noFigures = (): ArchiveFigures => ({
  messages: 0,
  texts: 0,
  signatures: 0,
  views: 0,
  attestations: 0,
  epochs: 0,
  evidence: 0,
  firstSent: null,
  lastSent: null,
})

const viewTypes: readonly number[] = [
  MessageType.attest,
  MessageType.add,
  MessageType.remove,
  MessageType.epoch,
]

export const countMessage = (figures: ArchiveFigures, { header, signature }: Message): void => {
  const { type, sent } = header
  figures.messages += 1
  if (signature.length > 0) figures.signatures += 1
  if (type === MessageType.text) figures.texts += 1
  if (viewTypes.includes(type)) figures.views += 1
  if (type === MessageType.attest) figures.attestations += 1
  if (type === MessageType.epoch) figures.epochs += 1
  if (type === MessageType.evidence) figures.evidence += 1
  figures.firstSent = Math.min(figures.firstSent ?? sent, sent)
  figures.lastSent = Math.max(figures.lastSent ?? sent, sent)
}
