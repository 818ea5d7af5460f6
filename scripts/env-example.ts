import { settingNames, settingsSchema } from '../src/config.ts'

interface Described {
  flags?: { default?: unknown; description?: string }
}

/** `.env.example` as the settings' schema has it: every setting, its sentence, its default. */
export function renderEnvExample(): string {
  const keys = (settingsSchema.describe() as { keys: Record<string, Described> }).keys
  const settings = settingNames().map((name) => {
    const { default: value, description } = keys[name]?.flags ?? {}
    return `# ${description ?? ''}\n#${name}=${render(value)}\n`
  })
  return `# Settings of Ovation. Copy to .env and uncomment what you change; everything has a default or is made at the first start.\n# Generated from src/config.ts by \`npm run generate\`.\n\n${settings.join('\n')}`
}

function render(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'string' || typeof value === 'number') return `${value}`
  return Array.isArray(value) ? value.join(',') : ''
}
