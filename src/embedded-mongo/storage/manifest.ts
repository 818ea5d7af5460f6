import { existsSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StoreRefused } from './refusal.ts'

export const formatVersion = 1

/** What is known of a store outside of its file: by it a file that was emptied, put back or exchanged is found out. */
export interface Manifest {
  store_id: string
  /** of flushes when it was written; 0: the store was begun, and nothing was ever acknowledged */
  generation: number
  format_version: number
  /** the file never gets shorter than this */
  file_bytes: number
}

/** @returns undefined when there is none @throws StoreRefused when it can't be used */
export function readManifest(file: string): Manifest | undefined {
  if (!existsSync(file)) return undefined
  const manifest = parse(file)
  if (manifest.format_version !== formatVersion)
    throw new StoreRefused(`${file} is of format ${String(manifest.format_version)}; this version reads format ${formatVersion}. Start the version that wrote it.`)
  if (typeof manifest.store_id !== 'string' || !Number.isSafeInteger(manifest.generation)) throw new StoreRefused(`${file} is damaged. Restore the folder from a backup.`)
  return manifest
}

/** Whole or not at all, also through a power cut. */
export async function writeManifest(file: string, manifest: Manifest): Promise<void> {
  const temporary = `${file}.new`
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(manifest)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
  const folder = await open(dirname(file), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function parse(file: string): Manifest {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Manifest
  } catch {
    throw new StoreRefused(`${file} is not readable as a manifest. Restore the folder from a backup.`)
  }
}
