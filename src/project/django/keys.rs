//! What the rows of a model are known by.

use crate::project::Project;
use crate::project::django::lineage::ClassRef;
use crate::project::django::model_field::FieldClass;
use crate::project::django::models;
use crate::source::NotLoaded;

/// Fields that count up.
const COUNTING: [&str; 3] = ["AutoField", "BigAutoField", "SmallAutoField"];

impl Project {
    /// Does the primary key of a model count up? `None` where a base that nobody here knows may bring another.
    pub fn counts_its_rows(&self, model: &ClassRef) -> Result<Option<bool>, NotLoaded> {
        let Some(module) = self.module(&model.path)? else { return Ok(None) };
        let all = models::of_module(self, &model.path, &module)?;
        let Some(class) = all.iter().find(|class| class.name() == model.name) else { return Ok(None) };
        if let Some(key) = class.fields().iter().find(|field| field.is_true("primary_key")) {
            return Ok(match &key.class {
                FieldClass::Django(class) => Some(COUNTING.contains(class)),
                _ => None,
            });
        }
        if class.lineage.known().any(|base| base.fields.contains(&"id") || base.is_concrete) {
            return Ok(None);
        }
        let above = class.lineage.own.iter().map(|above| self.own_key(above));
        let has_key = NotLoaded::all(above)?.contains(&true);
        Ok((class.lineage.is_complete() && !has_key).then_some(true))
    }

    /// Has a class above a model a primary key of its own? Of what is no model there, nobody can tell.
    fn own_key(&self, class: &ClassRef) -> Result<bool, NotLoaded> {
        let Some(module) = self.module(&class.path)? else { return Ok(true) };
        let all = models::of_module(self, &class.path, &module)?;
        let own = all.iter().find(|own| own.name() == class.name);
        Ok(own.is_some_and(|own| own.fields().iter().any(|field| field.is_true("primary_key"))))
    }
}
