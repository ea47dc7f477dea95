// `member why`: the messages that made somebody's standing, oldest first, and which of them did not
// know of each other: after a split that is what explains the outcome. `--proof` writes what a stranger
// needs to see that the member lied.

import type { StandingReport } from '../../api/contract.ts'
import type { Client } from '../client.ts'
import { type CommandSpec, argument, optionText } from '../command.ts'
import { type Line, fields, table } from '../output/table.ts'
import { connect } from './connect.ts'

type Cause = StandingReport['causes'][number]

export const why: CommandSpec = {
  name: 'why',
  summary: 'Explain the standing of a member from the messages that made it.',
  arguments: ['<group>', '<member>'],
  options: [
    {
      flags: '--proof <file>',
      summary: 'write the evidence against it to a new file that `verify` checks anywhere',
    },
  ],
  examples: ['member why garden bob', 'member why garden 1d3f92d1 --proof bob.proof --json'],
  async run(context, given) {
    const client = await connect(context)
    const params = { id: argument(given, 0), member: argument(given, 1) }
    const answer = await client.call('GET /v1/groups/:id/members/:member/why', { params })
    const file = optionText(given, 'proof')
    const proof = file === undefined ? undefined : await writeProof(client, params, file)
    await context.out.result({ ...answer, ...(proof && { proof }) }, () => [
      ...linesOf(answer),
      ...(proof ? ['', ...fields(proofFields(proof))] : []),
    ])
  },
}

interface WrittenProof {
  readonly file: string
  readonly number: string
  readonly ids: readonly string[]
  readonly bytes: number
}

/** The file is whole or not there, and nothing that is there already is touched. */
async function writeProof(
  client: Client,
  params: { readonly id: string; readonly member: string },
  file: string,
): Promise<WrittenProof> {
  const { number, ids, proof } = await client.call('GET /v1/groups/:id/members/:member/proof', {
    params,
  })
  const { newFile } = await import('../../node/archive-file.ts')
  const bytes = new Uint8Array(Buffer.from(proof, 'base64'))
  const written = await newFile(file)
  try {
    await written.write(bytes)
    await written.finish()
  } finally {
    await written.discard()
  }
  return { file, number, ids, bytes: bytes.length }
}

function proofFields({ file, number, ids, bytes }: WrittenProof): [string, Line][] {
  return [
    ['proof', `${file}, ${bytes} bytes: check it anywhere with coterie verify`],
    ['number', number],
    ['messages', ids.join(' ')],
  ]
}

const said: Readonly<Record<Cause['kind'], string>> = {
  card: 'named as a leader in the constitution',
  add: 'added',
  join: 'came in',
  remove: 'removed',
  'remove-account': 'the account removed',
  leave: 'left',
  dormant: 'declared dormant',
  awake: 'awake again',
  accuse: 'shown to have signed two messages under one number',
}

function linesOf(report: StandingReport): Line[] {
  const withdrawn =
    report.withdrawn === 0 ? 'none' : `${report.withdrawn}, unheard by who removed them`
  return [
    ...fields([
      ['member', `${report.name} ${report.member}`],
      ['state', report.state],
      ['withdrawn', withdrawn],
    ]),
    '',
    ...table(
      ['number', 'what', 'by', 'holds', 'concurrent with'],
      report.causes.map((cause) => [
        cause.number ?? '-',
        said[cause.kind],
        cause.name,
        cause.holds ? 'yes' : { text: 'no', style: 'dim' },
        concurrentOf(report, cause),
      ]),
    ),
  ]
}

function concurrentOf({ causes }: StandingReport, cause: Cause): string {
  const others = causes.filter(({ id }) => id !== null && cause.concurrent.includes(id))
  return others.map(({ number }) => number).join(' ') || '-'
}
