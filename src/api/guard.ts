// Who may call. A page in the user's browser can reach loopback, and a name that it owns can be made
// to point here: so every request needs the token of the run file, a Host that is really ours, and no
// foreign Origin; what changes something must be JSON, which no plain form can send.

import { equalSecret, toBase64url, utf8 } from '../base/bytes.ts'
import { RequestError } from './failure.ts'

/** The parts of a request that decide. */
export interface Credentials {
  readonly method: string
  readonly path: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly authorization: string | undefined
  readonly contentType: string | undefined
}

export interface GuardOptions {
  readonly token: string
  /** `host:port` values that are ours; undefined on a socket of the file system. */
  readonly hosts: readonly string[] | undefined
}

/** Paths that tell nothing but whether we live, so that a supervisor needs no token. */
const openPaths: ReadonlySet<string> = new Set(['/livez', '/readyz'])

const TOKEN_BYTES = 32

/** A token that nobody can guess. */
export function createToken(): string {
  return toBase64url(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)))
}

/** Lets a request pass or throws. @throws RequestError UNAUTHORISED, USAGE */
export function checkRequest(request: Credentials, options: GuardOptions): void {
  checkHost(request, options)
  checkOrigin(request, options)
  if (request.method === 'POST') checkContentType(request)
  if (!openPaths.has(request.path)) checkToken(request, options)
}

function checkHost({ host }: Credentials, { hosts }: GuardOptions): void {
  if (hosts === undefined || (host !== undefined && hosts.includes(host.toLowerCase()))) return
  throw new RequestError(421, 'UNAUTHORISED', 'This Host is not the local interface of a node.')
}

function checkOrigin({ origin, fetchSite }: Credentials, { hosts }: GuardOptions): void {
  const own = (hosts ?? []).map((host) => `http://${host}`)
  const foreignSite = fetchSite === 'cross-site' || fetchSite === 'same-site'
  if (!foreignSite && (origin === undefined || own.includes(origin))) return
  throw new RequestError(403, 'UNAUTHORISED', 'Web pages from elsewhere may not call this.')
}

function checkContentType({ contentType }: Credentials): void {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/json') return
  throw new RequestError(415, 'USAGE', 'The body must be JSON (Content-Type: application/json).')
}

function checkToken({ authorization }: Credentials, { token }: GuardOptions): void {
  const given = /^Bearer ([A-Za-z0-9_-]{1,128})$/.exec(authorization ?? '')?.[1]
  if (given !== undefined && equalSecret(utf8(given), utf8(token))) return
  throw new RequestError(
    401,
    'UNAUTHORISED',
    'The token is missing or wrong.',
    'It stands in the run-time file api.json; see: coterie config paths',
  )
}
