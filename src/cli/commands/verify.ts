// `verify`: an archive of a transcript, or a proof against a member, checked with nothing but the file:
// no daemon, no home, no network. What was checked is said in figures.

import type { VerifyReport } from '../../api/contract.ts'
import {
  type CommandSpec,
  type Context,
  type Given,
  argument,
  optionFlag,
  optionText,
  usage,
} from '../command.ts'
import { type Line, fields, table } from '../output/table.ts'
import { shortTime, standingStyle } from './words.ts'

export const verify: CommandSpec = {
  name: 'verify',
  summary: 'Check an archive or a proof with nothing but the file.',
  arguments: ['<file>'],
  options: [
    { flags: '--keys <file>', summary: 'the keys that were exported with the archive' },
    { flags: '--texts', summary: 'with --keys: also print the texts, before the verdict' },
  ],
  examples: ['verify garden.coterie', 'verify garden.coterie --keys garden.keys --texts --json'],
  run,
}

async function run(context: Context, given: Given): Promise<void> {
  const file = argument(given, 0)
  const keysFile = optionText(given, 'keys')
  const texts = optionFlag(given, 'texts')
  if (texts && keysFile === undefined) {
    throw usage('Texts open with their keys only.', 'Name the file of keys with --keys.')
  }
  const { readPieces } = await import('../../node/archive-file.ts')
  const { isProof, verifyProofFile } = await import('../../node/proof-file.ts')
  if (await isProof(file)) {
    const proof = await verifyProofFile(file)
    return context.out.result({ kind: 'proof', ...proof }, () =>
      fields([
        ['proven', `${proof.name} said two things under ${proof.number}`],
        ['group', `${proof.groupName} ${proof.group}`],
        ['member', proof.member],
        ['account', proof.account],
        ['messages', proof.ids.join(' ')],
      ]),
    )
  }
  const { tmpdir } = await import('node:os')
  const { verifyArchive } = await import('../../node/verifying.ts')
  const report = await verifyArchive({
    archive: readPieces(file),
    keys: keysFile === undefined ? undefined : readPieces(keysFile),
    onText: async (row) => {
      if (!texts || context.out.closed) return
      await context.out.result(row, () => [
        [
          { text: shortTime(row.sent), style: 'dim' },
          '  ',
          { text: row.name, style: 'bold' },
          '  ',
          row.text,
        ],
      ])
    },
    signal: context.signal,
    temporary: tmpdir(),
  })
  await context.out.result({ kind: 'archive', ...report }, () => linesOf(report))
}

function linesOf(report: VerifyReport): Line[] {
  const { figures, people } = { figures: figuresOf(report), people: report.members }
  const rows = people.map(({ name, memberGroupId, role, state, counter }) => [
    name,
    memberGroupId,
    role,
    { text: state, style: standingStyle(state) },
    counter === null ? '-' : String(counter),
  ])
  return [...fields(figures), '', ...table(['name', 'id', 'role', 'state', 'counter'], rows)]
}

function figuresOf(report: VerifyReport): [string, Line][] {
  const { messages, signatures, texts, opened, views, epochs, evidence } = report
  const { firstSent, lastSent, accused, equivocators, epochHeads } = report
  const time = (ms: number | null): string => (ms === null ? '-' : shortTime(ms))
  return [
    ['verified', { text: 'all of it', style: 'good' }],
    ['group', `${report.name} ${report.group}`],
    ['messages', `${messages} in ${report.bytes} bytes`],
    ['signatures', `${signatures}; they vouch for every message`],
    ['views', `${views} statements of what their author held, all as computed`],
    ['epochs', `${epochs}, in force at the end: ${epochHeads.length}`],
    ['texts', `${texts}, ${opened === null ? 'sealed' : `of which ${opened} opened`}`],
    ['evidence', evidenceOf(evidence, accused, equivocators)],
    ['written', `${time(firstSent)} to ${time(lastSent)}, as their authors claim`],
    ['root', report.root],
    ['archive', report.archive],
  ]
}

function evidenceOf(
  evidence: number,
  accused: readonly string[],
  equivocators: readonly string[],
): Line {
  if (evidence === 0 && equivocators.length === 0)
    return 'none; nobody said two things under one number'
  const named = [...new Set([...accused, ...equivocators])].map((member) => member.slice(0, 8))
  return {
    text: `${evidence} proofs; two messages under one number by ${named.join(' ')}`,
    style: 'bad',
  }
}
