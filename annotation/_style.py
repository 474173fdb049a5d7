"""How interfaces look; where Label Studio names its classes otherwise, they lose their looks and nothing else.

Its panels of marks are hidden, which take a quarter of the page: marks are seen, changed and deleted where they are.
"""

STYLE = """
.aff { font-size: 15px; }
.aff-wide { display: flex; flex-wrap: wrap; gap: 20px; align-items: flex-start; }
.aff-wide .aff-shown { flex: 3 1 420px; min-width: 0; }
.aff-wide .aff-asked { flex: 2 1 340px; min-width: 0; }
.aff h3 { font-size: 20px; line-height: 1.3; margin: 8px 0 !important; }
.aff h4 { font-size: 15px; line-height: 1.3; margin: 6px 0 !important; }
.aff-text, .aff-context, .aff-earlier { margin: 8px 0; }
.aff-text .lsf-richtext__container { font-size: 18px; line-height: 1.55; padding: 8px 14px;
  border-left: 3px solid rgba(90, 100, 180, 0.7); max-height: 42vh; overflow: auto; }
.aff-context .lsf-richtext__container, .aff-earlier .lsf-richtext__container { font-size: 14px; line-height: 1.5;
  padding: 4px 14px; border-left: 3px solid rgba(128, 128, 128, 0.4); max-height: 9em; overflow: auto; }
.aff-marker .lsf-labels { margin: 0 0 6px; }
.aff-labels .lsf-choices, .aff-many .lsf-choices { display: grid; gap: 4px 16px; margin: 6px 0 10px; }
.aff-labels .lsf-choices { grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); }
.aff-many .lsf-choices { grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); }
.aff-labels .lsf-choice, .aff-many .lsf-choice, .aff-labels .lsf-choice__item, .aff-many .lsf-choice__item {
  margin: 0 !important; padding: 0 !important; }
.aff-strengths { display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: 0 16px; }
.aff-row { display: flex; flex-wrap: wrap; gap: 0 14px; align-items: center; min-height: 34px; }
.aff-row .ant-rate { margin: 0; }
.aff .ant-rate-star-first, .aff .ant-rate-star-second { color: rgb(110, 115, 140); }
.aff .ant-rate-star-full .ant-rate-star-second { color: rgb(64, 84, 178); }
.aff .ant-rate-star-full .anticon { background: rgba(64, 84, 178, 0.25); border-radius: 50%; }
.aff-slider { display: grid; grid-template-columns: 118px 84px 1fr 84px; gap: 0 10px; align-items: center; }
.aff-slider .aff-low { text-align: right; }
.aff-slider .aff-low h4, .aff-slider .aff-high h4 { font-weight: 400; font-size: 13px; }
.aff-slider .lsf-number input { width: 100%; min-width: 80px; accent-color: rgb(64, 84, 178); }
.aff-slider .lsf-number output { min-width: 1.6em; text-align: right; font-weight: 600; }
.aff-slider .lsf-number:has(output:empty) input { opacity: 0.35; filter: grayscale(1); }
.aff-sides { display: flex; gap: 20px; align-items: flex-start; }
.aff-side { flex: 1 1 0; min-width: 0; }
.aff-side .lsf-richtext__container { font-size: 18px; line-height: 1.55; max-height: 55vh; overflow: auto; }
.aff-side video { max-height: 320px; }
.aff .lsf-choice__checkbox { line-height: 22px; height: auto; }
.aff .lsf-choice__checkbox .ant-checkbox + span, .aff .lsf-choice__checkbox .ant-radio + span {
  line-height: 22px; height: auto; }
.aff-typed { margin: 6px 0; }
.aff .lsf-choices_layout_inline { margin: 4px 0; }
.aff-asked { display: flex; flex-direction: column; }
.aff-exits .lsf-choice { margin-right: 20px !important; }
.aff-exits { order: 1; margin-top: 10px; padding-top: 4px; border-top: 1px solid rgba(128, 128, 128, 0.35); }
@media (max-width: 700px) {
  .aff-slider { grid-template-columns: auto 1fr auto; }
  .aff-slider .aff-name { grid-column: 1 / -1; }
  .aff-slider .lsf-number input { min-width: 40px; }
}
.lsf-sidepanels { padding: 0 !important; }
.lsf-sidepanels__wrapper { display: none !important; }
"""
