import type { Feature } from '../../kernel/feature.ts'
import { renderAsyncApi } from './asyncapi.ts'
import { renderOpenApi } from './openapi.ts'

/** The text of both documents, as they are served and committed. */
export interface Documents {
  openApi(): string
  asyncApi(): string
}

export function createDocuments({ features, url }: { features: readonly Feature[]; url: () => string }): Documents {
  let openApi: string | undefined
  let asyncApi: string | undefined
  return Object.freeze({
    openApi: () => (openApi ??= print(renderOpenApi(features))),
    // The address is known when the server listens, not before.
    asyncApi: () => (asyncApi ??= print(renderAsyncApi(features, url()))),
  })
}

const lineWidth = 140

// What fits on a line stands on one: a field's schema is a line of a review, not eight.
function print(document: object): string {
  return `${lines(document, '')}\n`
}

function lines(value: unknown, indent: string): string {
  const flat = JSON.stringify(value)
  if (flat.length + indent.length <= lineWidth || value === null || typeof value !== 'object') return flat
  const inner = `${indent} `
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  const parts = Array.isArray(value) ? value.map((item) => lines(item, inner)) : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${lines(item, inner)}`)
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`
}
