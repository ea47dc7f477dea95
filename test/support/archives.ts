// Archives for tests: written from the disk of a node of a simulated group, verified by the real verifier,
// and taken apart into frames and put together again, as somebody does who knows how to link frames.
import { createMemoryKeyring } from '../../src/adapters/memory/keyring.ts'
import { type Bytes, concat, readU32 } from '../../src/base/bytes.ts'
import {
  ARCHIVE_MAGIC,
  type ArchiveFrame,
  LENGTH_BYTES,
  LINK_BYTES,
  encodeArchiveFrame,
  firstLink,
  frameOf,
  parseArchiveFrame,
} from '../../src/core/export/format.ts'
import { toEntry } from '../../src/node/driver/rows.ts'
import { type ExportFigures, exportGroup } from '../../src/node/exporting.ts'
import { type OpenedText, type VerifyReport, verifyArchive } from '../../src/node/verifying.ts'
import { tmpdir } from 'node:os'
import { crypto } from './bench.ts'
import { type Mesh, endpointOf } from './mesh.ts'

export interface Exported {
  readonly archive: Bytes
  readonly keys: Bytes
  readonly figures: ExportFigures
}

/** The archive of what a node holds, and the keys beside it. */
export async function exportFrom(mesh: Mesh, node: number): Promise<Exported> {
  const keyring = createMemoryKeyring()
  const { rows } = mesh.world.node(node)
  const parts = {
    machine: endpointOf(mesh.world, node),
    read: (ranges: Parameters<typeof rows.read>[0][]) =>
      Promise.resolve(
        ranges.flatMap((range) => rows.read(range)).map((row) => toEntry(keyring, row)),
      ),
    crypto,
    wait: () => Promise.reject(new Error('the group does not settle')),
  }
  const pieces: { archive: Bytes[]; keys: Bytes[] } = { archive: [], keys: [] }
  let figures: ExportFigures | undefined
  for await (const part of exportGroup(
    { ...parts, read: (ranges) => parts.read([...ranges]) },
    mesh.group,
    { keys: true },
  )) {
    if (part.part === 'end') figures = part.figures
    else pieces[part.part].push(part.bytes)
  }
  if (figures === undefined) throw new Error('the export has no end')
  return { archive: concat(...pieces.archive), keys: concat(...pieces.keys), figures }
}

/** Bytes in pieces of a size that fits nothing. */
export async function* chunksOf(bytes: Bytes, size = 1_021): AsyncGenerator<Bytes> {
  for (let at = 0; at < bytes.length; at += size)
    yield await Promise.resolve(bytes.slice(at, at + size))
}

export interface Verified extends VerifyReport {
  readonly opened: number | null
  readonly shown: readonly OpenedText[]
}

export async function verify(
  archive: Bytes,
  options: { keys?: Bytes; windowMessages?: number } = {},
): Promise<Verified> {
  const shown: OpenedText[] = []
  const report = await verifyArchive({
    archive: chunksOf(archive),
    ...(options.keys === undefined ? {} : { keys: chunksOf(options.keys) }),
    ...(options.windowMessages === undefined ? {} : { windowMessages: options.windowMessages }),
    onText: (text) => void shown.push(text),
    temporary: tmpdir(),
    crypto,
  })
  return { ...report, shown }
}

/** The frames of an archive. */
export function framesOf(archive: Bytes): ArchiveFrame[] {
  const frames: ArchiveFrame[] = []
  let at = ARCHIVE_MAGIC.length
  while (at < archive.length) {
    const length = readU32(archive, at)
    const frame = parseArchiveFrame(archive.slice(at + LENGTH_BYTES, at + LENGTH_BYTES + length))
    if (!frame.ok) throw new Error(frame.error)
    frames.push(frame.value)
    at += LENGTH_BYTES + length + LINK_BYTES
  }
  return frames
}

/** An archive of these frames, with every link right. */
export function linked(frames: readonly ArchiveFrame[]): Bytes {
  let link = firstLink(crypto, ARCHIVE_MAGIC)
  const parts = frames.map((frame) => {
    const bytes = frameOf(crypto, link, encodeArchiveFrame(frame))
    link = bytes.slice(-LINK_BYTES)
    return bytes
  })
  return concat(ARCHIVE_MAGIC, ...parts)
}
