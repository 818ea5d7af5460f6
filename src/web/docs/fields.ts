import { html } from 'htm/preact'
import type { Schema } from './reference.ts'

interface Field {
  path: string
  type: string
  required: boolean
  rules: string[]
  description: string
}

/** A schema as a table: a line for each field, at any depth. */
export function Fields({ schema, caption, none }: { schema: Schema; caption: string; none: string }) {
  const fields = fieldsOf(schema, '', false)
  if (fields.length === 0) return html`<p class="soft">${none}</p>`
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${caption}>
      <table>
        <caption class="hidden">${caption}</caption>
        <thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">Rules</th></tr></thead>
        <tbody>
          ${fields.map(({ path, type, required, rules, description }) => html`
            <tr key=${path}>
              <th scope="row"><code>${path}</code>${required ? '' : html`<span class="soft optional">optional</span>`}</th>
              <td>${type}</td>
              <td>${rules.map((rule) => html`<span class="rule">${rule}</span>`)}${description && html`<span class="about">${description}</span>`}</td>
            </tr>`)}
        </tbody>
      </table>
    </div>
  `
}

function fieldsOf(schema: Schema, prefix: string, isWhole: boolean): Field[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`
    return [fieldOf(path, child, (schema.required ?? []).includes(name)), ...fieldsOf(child, path, false)]
  })
  const dynamic = Object.values(schema.patternProperties ?? {}).concat(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : [])
  const others = dynamic.flatMap((child) => [fieldOf(`${prefix}.*`, child, false), ...fieldsOf(child, `${prefix}.*`, false)])
  const items = schema.items ? [...(prefix === '' ? [fieldOf('[]', schema.items, true)] : []), ...fieldsOf(schema.items, `${prefix}[]`, true)] : []
  const branches = (schema.anyOf ?? []).flatMap((branch) => fieldsOf(branch, prefix, isWhole))
  return [...own, ...others, ...items, ...branches]
}

function fieldOf(path: string, schema: Schema, required: boolean): Field {
  return { path, type: typeOf(schema), required, rules: rulesOf(schema), description: schema.description ?? '' }
}

function typeOf({ type, anyOf, items, enum: values, format }: Schema): string {
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(' or ')
  const types = [type ?? (values ? 'value' : 'anything')].flat().map((each) => (each === 'array' ? `list of ${items ? typeOf(items) : 'anything'}` : each === 'string' && format ? format : each))
  return types.join(' or ')
}

function rulesOf(schema: Schema): string[] {
  const { enum: values, minimum, maximum, minLength, maxLength, minItems, maxItems, pattern, items, anyOf } = schema
  return [
    ...(values ? [values.map((each) => JSON.stringify(each)).join(' · ')] : []),
    ...range(minimum, maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum, ''),
    ...range(minLength === 1 ? undefined : minLength, maxLength, ' characters'),
    ...range(minItems, maxItems, ' items'),
    ...(pattern ? [`matches ${pattern}`] : []),
    ...(schema.default === undefined ? [] : [`${JSON.stringify(schema.default)} by default`]),
    ...(items && !items.properties ? rulesOf(items) : []),
    ...(anyOf ?? []).flatMap(rulesOf),
  ]
}

function range(least: number | undefined, most: number | undefined, unit: string): string[] {
  const low = least === Number.MIN_SAFE_INTEGER ? undefined : least
  if (low !== undefined && low === most) return [`exactly ${low}${unit}`]
  if (low !== undefined && most !== undefined) return [`${low} to ${most}${unit}`]
  if (low !== undefined) return [`at least ${low}${unit}`]
  return most === undefined ? [] : [`at most ${most}${unit}`]
}
