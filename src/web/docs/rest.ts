import { readTokens } from '../tokens.ts'

interface SwaggerUi {
  preauthorizeApiKey(scheme: string, token: string): void
}
interface SwaggerSystem {
  layoutSelectors: { currentFilter(): unknown }
}
type IsShown = (thing: string[], isShownAtFirst: boolean) => boolean
declare const SwaggerUIBundle: (options: Record<string, unknown>) => SwaggerUi

const dark = matchMedia('(prefers-color-scheme: dark)')
const paint = (): void => void document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', paint)
paint()

const ui: SwaggerUi = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  // Two hundred operations at once are slow to draw and too many to read.
  docExpansion: 'none',
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  filter: true,
  plugins: [{ fn: { resolveSubtree }, statePlugins: { layout: { wrapSelectors: { isShown: openWhatIsLookedFor } } } }],
  // Its badge would show the document to a stranger's server.
  validatorUrl: null,
  onComplete: signInAsThisTab,
})

/**
 * Instead of its own, which reads the whole document anew for each part that is opened: seconds. References of this document lead to its own
 * components, and never in a circle.
 */
async function resolveSubtree(document: unknown, path: string[]): Promise<{ spec: unknown; errors: [] }> {
  return { spec: whole(at(document, path)), errors: [] }

  function whole(part: unknown): unknown {
    if (Array.isArray(part)) return part.map(whole)
    if (typeof part !== 'object' || part === null) return part
    const reference = (part as { $ref?: unknown }).$ref
    if (typeof reference === 'string') return whole(at(document, reference.replace(/^#\//, '').split('/').map(unescaped)))
    return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, whole(value)]))
  }
}

function at(document: unknown, path: string[]): unknown {
  return path.reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], document)
}

/** as JSON pointers write names (RFC 6901) */
function unescaped(name: string): string {
  return name.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** Parts are closed at first, but those that a filter leaves over are open. */
function openWhatIsLookedFor(isShown: IsShown, { layoutSelectors }: SwaggerSystem) {
  return (_state: unknown, thing: string[], isShownAtFirst: boolean): boolean => {
    const filter = layoutSelectors.currentFilter()
    return (thing[0] === 'operations-tag' && typeof filter === 'string' && filter !== '') || isShown(thing, isShownAtFirst)
  }
}

function signInAsThisTab(): void {
  const tokens = readTokens()
  if (tokens) ui.preauthorizeApiKey('bearer', tokens.access_token)
}
