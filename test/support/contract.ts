import type { Schema } from 'joi'
import type { Inspect } from '../../src/client/index.ts'
import type { TestApp } from './app.ts'

/**
 * Holds every answer and every fact that somebody receives against what its operation or its row promises. What breaks the promise fails the
 * test that runs, wherever it was received: nobody has to look at it for that.
 */
export function holdToContract({ app }: Pick<TestApp, 'app'>): Inspect {
  const operations = app.features.flatMap((feature) => feature.operations)
  const facts = app.features.flatMap((feature) => feature.facts)
  return (kind, name, data) => {
    const schema = kind === 'answer' ? operations.find((each) => each.name === name)?.output : facts.find((each) => each.name === name)?.data
    const fault = schema ? faultOf(schema, data) : 'is in no contract'
    if (fault) failTheTestThatRuns(new Error(`The ${kind} ${name} ${fault}: ${JSON.stringify(data)}`))
  }
}

/** The operation behind a method and a path, for who asks without the client. */
export function operationAt({ app }: Pick<TestApp, 'app'>, method: string, path: string): string | undefined {
  const pathname = path.split('?')[0] as string
  const operations = app.features.flatMap((feature) => feature.operations)
  const fits = ({ route }: { route: string }) => new RegExp(`^${route.replaceAll(/:[a-z_]+/g, '[^/]+')}$`).test(`${method} ${pathname}`)
  // The one with fewer parameters stands first at the door too: /creators/me is not the creator called "me".
  return operations.filter(fits).toSorted((a, b) => a.route.split(':').length - b.route.split(':').length)[0]?.name
}

function faultOf(schema: Schema, data: unknown): string | undefined {
  return schema.validate(data, { convert: false, allowUnknown: false, abortEarly: false }).error?.message
}

// Thrown where it is found it would end in whoever listens there; as an uncaught error it ends the test.
function failTheTestThatRuns(error: Error): void {
  setImmediate(() => {
    throw error
  })
}
