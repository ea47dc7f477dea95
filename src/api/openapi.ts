// The OpenAPI description, made from the table of routes and the schemas that check requests, so that
// it cannot say anything else than what is done.

import { z } from 'zod'
import { IDEMPOTENCY_HEADER, LINES_TYPE } from './contract.ts'
import { routes } from './routes.ts'
import { bodies, queries } from './schema.ts'

type Json = Record<string, unknown>

const extraRoutes: Readonly<Record<string, string>> = {
  'GET /v1/groups/:id/messages': 'Texts in total order, one object a line; may stay open.',
  'GET /v1/groups/:id/archive':
    'The transcript as an archive that verifies by itself: pieces in base64, one object a line.',
  'GET /v1/events': 'A WebSocket of events; tells gaps, drops slow readers with a reason.',
  'GET /v1/openapi.json': 'This description.',
  'GET /livez': 'Whether the process answers. Needs no token.',
  'GET /readyz': 'Whether the node can do its work, with reasons. Needs no token.',
  'GET /metrics': 'Figures in the text format of Prometheus.',
}

const textType: Readonly<Record<string, string>> = {
  'GET /v1/groups/:id/messages': LINES_TYPE,
  'GET /v1/groups/:id/archive': LINES_TYPE,
  'GET /metrics': 'text/plain',
}

/** The whole description. */
export function describeApi(): Json {
  const paths: Record<string, Json> = {}
  const all = new Map<string, string>([
    ...Object.entries(routes).map(([name, { summary }]) => [name, summary] as const),
    ...Object.entries(extraRoutes),
  ])
  for (const name of [...all.keys()].toSorted()) {
    const [method = '', path = ''] = name.split(' ')
    const place = path.replaceAll(/:([a-z]+)/g, '{$1}')
    paths[place] = { ...paths[place], [method.toLowerCase()]: operation(name, all.get(name) ?? '') }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'coterie local interface', version: '1' },
    security: [{ token: [] }],
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } }, schemas },
  }
}

const schemas: Json = {
  Answer: {
    type: 'object',
    required: ['v', 'ok'],
    properties: { v: { const: 1 }, ok: { const: true } },
  },
  Error: {
    type: 'object',
    required: ['v', 'ok', 'error'],
    properties: {
      v: { const: 1 },
      ok: { const: false },
      error: {
        type: 'object',
        required: ['code', 'message', 'hint'],
        properties: {
          code: { type: 'string' },
          message: { type: 'string' },
          hint: { type: 'string' },
        },
      },
    },
  },
}

function operation(name: string, summary: string): Json {
  const body = Object.entries(bodies).find(([route]) => route === name)?.[1]
  const parameters = [...pathParameters(name), ...queryParameters(name)]
  if (name.startsWith('POST ')) {
    const description = 'A repeated try under the same key gets the first answer.'
    parameters.push({
      name: IDEMPOTENCY_HEADER,
      in: 'header',
      description,
      schema: { type: 'string' },
    })
  }
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: content(jsonSchema(body)) } }),
    responses: {
      200: { description: 'Done.', content: answerContent(name) },
      default: {
        description: 'Not done, and why.',
        content: content({ $ref: '#/components/schemas/Error' }),
      },
    },
  }
}

function answerContent(name: string): Json {
  const type = textType[name]
  if (type !== undefined) return { [type]: { schema: { type: 'string' } } }
  return content({ $ref: '#/components/schemas/Answer' })
}

function pathParameters(name: string): Json[] {
  return [...name.matchAll(/:([a-z]+)/g)].map(([, parameter]) => ({
    name: parameter,
    in: 'path',
    required: true,
    description: 'A full id, a unique prefix of six hex digits or more, or a unique name.',
    schema: { type: 'string' },
  }))
}

function queryParameters(name: string): Json[] {
  const query = Object.entries(queries).find(([route]) => route === name)?.[1]
  if (query === undefined) return []
  const { properties = {} } = jsonSchema(query) as { properties?: Record<string, Json> }
  return Object.entries(properties).map(([parameter, schema]) => ({
    name: parameter,
    in: 'query',
    required: false,
    schema,
  }))
}

function jsonSchema(schema: z.ZodType): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' })
  void $schema
  return rest
}

function content(schema: Json): Json {
  return { 'application/json': { schema } }
}
