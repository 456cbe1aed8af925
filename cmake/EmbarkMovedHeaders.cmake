# Public headers that lie elsewhere since 0.2: an include of the old path (left) still finds what it
# has become, for this version.
set(moved_headers
  core/charts.h plots/charts.h
  core/page.h plots/page.h
  core/pca.h learners/insight/pca.h
  core/plot.h plots/plot.h
  distributed/leader.h distributed/strategy.h
  distributed/main_process.h distributed/strategy.h
  distributed/row_range.h distributed/share.h
  modules/fused_model.h modules/multi_input_model.h
  modules/loss.h modules/losses/loss.h
  modules/losses.h modules/losses/losses.h
  modules/number_embedding.h modules/numeric_embedding.h
  modules/number_embedding_options.h modules/numeric_embedding_options.h
  data/batch.h data/loaders/batch.h
  data/collab.h data/collab/collab.h
  data/crosstab.h data/table/crosstab.h
  data/dataloader.h data/loaders/dataloader.h
  data/dataloaders.h data/loaders/dataloaders.h
  data/date_parts.h data/table/date_parts.h
  data/k_fold.h data/loaders/k_fold.h
  data/splitters.h data/loaders/splitters.h+data/loaders/column_splitters.h
  data/stream_options.h data/loaders/stream_options.h
  data/streamed_rows.h data/loaders/streamed_rows.h
  data/table.h data/table/table.h+data/csv/csv.h+data/parquet/parquet.h
  data/tabular.h data/tabular/tabular.h
  data/tabular_predictions.h data/tabular/tabular_predictions.h
  callbacks/checkpoint_options.h callbacks/checkpoint/checkpoint_options.h
  callbacks/classification_metrics.h metrics/classification_metrics.h
  callbacks/csv_logger.h callbacks/reporting/csv_logger.h
  callbacks/data_parallel.h callbacks/parallel/data_parallel.h
  callbacks/event_timer.h callbacks/reporting/event_timer.h
  callbacks/hide_categories.h callbacks/category_dropout.h
  callbacks/metric.h metrics/metric.h
  callbacks/metrics.h metrics/metrics.h
  callbacks/plot_records.h callbacks/reporting/plot_records.h
  callbacks/progress.h callbacks/reporting/progress.h
  callbacks/recorder.h callbacks/reporting/recorder.h
  callbacks/records.h callbacks/reporting/records.h
  callbacks/regression_metrics.h metrics/regression_metrics.h
  callbacks/save_model.h callbacks/checkpoint/save_model.h
  callbacks/tensorboard.h callbacks/reporting/tensorboard.h
  learners/ensemble.h learners/insight/ensemble.h
  learners/export_torchscript.h learners/export/export_torchscript.h
  learners/exported_model.h learners/export/exported_model.h
  learners/feature_importance.h learners/insight/feature_importance.h
  learners/interpretation.h learners/insight/interpretation.h
  learners/summary.h learners/insight/summary.h)

# They lie in a folder of their own, since <embark/COMPONENT/> is a link into the source folder in the tree, where
# whoever links embark::embark finds them too.
set(EMBARK_MOVED_DIR "${PROJECT_BINARY_DIR}/moved")
while(moved_headers)
  list(POP_FRONT moved_headers old new)
  set(includes "")
  string(REPLACE "+" ";" new ${new})
  foreach(header IN LISTS new)
    if(NOT EXISTS "${PROJECT_SOURCE_DIR}/${header}")
      message(FATAL_ERROR "${header}, where ${old} has moved to, is not there")
    endif()
    string(APPEND includes "#include <embark/${header}>\n")
  endforeach()
  get_filename_component(folder ${old} DIRECTORY)
  file(CONFIGURE OUTPUT "${EMBARK_MOVED_DIR}/embark/${old}" CONTENT "#pragma once\n\n${includes}" @ONLY)
  install(FILES "${EMBARK_MOVED_DIR}/embark/${old}" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/embark/${folder})
endwhile()
target_include_directories(embark INTERFACE $<BUILD_INTERFACE:${EMBARK_MOVED_DIR}>)
