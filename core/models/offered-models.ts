import type { ModelCatalog } from './model-catalog.ts';

/** The models that an api, which cannot reach any itself, knows from those that can. */
export interface OfferedModels extends Pick<ModelCatalog, 'resolve' | 'list' | 'defaultModel'> {
  /**
   * Finds out whether there is this model, so that `resolve` need not be doubted when it says null.
   *
   * @param id - null: the one that stands in where none is named.
   * @param where - the path of the field in messages.
   * @throws `unavailable` while nobody runs who would know.
   */
  confirm(id: string | null, where: string): Promise<void>;
  /** Why models may be missing, for whoever reads the list; null: none is. */
  readonly caution: string | null;
}
