// The routes as an HTTP application. Knows nothing of sockets; what reaches it has passed the guard.
// Every failure ends as the one error object, whatever it was.

import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { readJson } from './body.ts'
import type { ExportPart } from '../node/exporting.ts'
import { type ArchiveLine, IDEMPOTENCY_HEADER } from './contract.ts'
import { RequestError, errorAnswer } from './failure.ts'
import { Idempotency } from './idempotency.ts'
import { linesResponse } from './lines.ts'
import { describeApi } from './openapi.ts'
import { type ApiNode, type Call, type Route, type RouteName, routes } from './routes.ts'
import { type Bodies, bodies, check, queries } from './schema.ts'

/** The request of Node is at hand in every handler. */
export type App = Hono<{ Bindings: HttpBindings }>

export interface AppOptions {
  readonly node: ApiNode
  /** Figures for Prometheus. Default: none, and no such route. */
  readonly metrics?: (() => Promise<{ contentType: string; text: string }>) | undefined
  /** Aborted when the server closes: open answers end then. */
  readonly closing: AbortSignal
}

/** Makes the application. */
export function createApp(options: AppOptions): App {
  const app: App = new Hono()
  app.use(async (context, next) => {
    await next()
    context.header('cache-control', 'no-store')
    context.header('x-content-type-options', 'nosniff')
    context.header('cross-origin-resource-policy', 'same-origin')
    context.header('content-security-policy', "default-src 'none'")
  })
  app.onError((error, context) => {
    const { status, body } = errorAnswer(error)
    return context.json(body, status as ContentfulStatusCode)
  })
  app.notFound(() => {
    throw new RequestError(404, 'USAGE', 'There is no such route.', 'See /v1/openapi.json')
  })
  addHealth(app, options)
  addRoutes(app, options)
  addMessages(app, options)
  addArchive(app, options)
  const description = describeApi()
  app.get('/v1/openapi.json', (context) => context.json(description))
  return app
}

function addHealth(app: App, { node, metrics }: AppOptions): void {
  app.get('/livez', (context) => context.json({ v: 1, ok: true }))
  app.get('/readyz', (context) => {
    const reasons = node.ended.aborted ? [node.failure?.code ?? 'stopping'] : []
    const ready = reasons.length === 0
    return context.json({ v: 1, ok: true, ready, reasons }, ready ? 200 : 503)
  })
  if (metrics === undefined) return
  app.get('/metrics', async (context) => {
    const { contentType, text } = await metrics()
    return context.body(text, 200, { 'content-type': contentType })
  })
}

function addRoutes(app: App, { node }: AppOptions): void {
  const done = new Idempotency<object>()
  for (const name of Object.keys(routes) as RouteName[]) {
    const [method = '', path = ''] = name.split(' ')
    const route = routes[name] as Route<RouteName>
    app.on(method, path, async (context) => {
      const asked = {
        id: context.req.param('id') ?? '',
        member: context.req.param('member') ?? '',
        message: context.req.param('message') ?? '',
        request: context.req.param('request') ?? '',
        body: await readBody(name, context),
      }
      const key = method === 'POST' ? context.req.header(IDEMPOTENCY_HEADER) : undefined
      const request = key === undefined ? '' : JSON.stringify([name, asked])
      // The body was checked against the schema of this very route.
      const call = { node, ...asked } as Call<RouteName>
      const answer = await done.once(key, request, async () => route.run(call))
      return context.json({ v: 1, ok: true, ...answer })
    })
  }
}

function addMessages(app: App, { node, closing }: AppOptions): void {
  app.get('/v1/groups/:id/messages', (context) => {
    const query = check(queries['GET /v1/groups/:id/messages'], context.req.query())
    const { follow, ...options } = query
    const leaving = new AbortController()
    const signal = AbortSignal.any([leaving.signal, closing])
    const { group } = node.group(context.req.param('id'))
    const texts = follow
      ? node.follow(group, { ...options, signal })
      : node.read(group, { ...options, signal })
    return linesResponse(texts, { cancel: () => leaving.abort(), waitForFirst: !follow })
  })
}

function addArchive(app: App, { node, closing }: AppOptions): void {
  app.get('/v1/groups/:id/archive', (context) => {
    const query = check(queries['GET /v1/groups/:id/archive'], context.req.query())
    const leaving = new AbortController()
    const signal = AbortSignal.any([leaving.signal, closing])
    const parts = node.exportGroup(context.req.param('id'), { keys: query.keys, signal })
    return linesResponse(spelled(parts), { cancel: () => leaving.abort(), waitForFirst: true })
  })
}

async function* spelled(parts: AsyncIterable<ExportPart>): AsyncGenerator<ArchiveLine> {
  for await (const part of parts) {
    if (part.part === 'end') yield { part: 'end', ...part.figures }
    else yield { part: part.part, bytes: Buffer.from(part.bytes).toString('base64') }
  }
}

async function readBody(
  name: RouteName,
  context: Context<{ Bindings: HttpBindings }>,
): Promise<unknown> {
  const schema = bodies[name as keyof Bodies] as (typeof bodies)[keyof Bodies] | undefined
  if (schema === undefined) return undefined
  return check<unknown>(schema, await readJson(context.env.incoming))
}
