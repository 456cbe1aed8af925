# cmake -DOUTPUT=FILE -DSOURCES=LIST -P embed_sources.cmake: writes the C++ file that has source_text of course/sources.h.
set(entries "")
foreach(source IN LISTS SOURCES)
  file(READ "${source}" text)
  get_filename_component(name "${source}" NAME)
  string(APPEND entries "        {\"${name}\", R\"embedded(${text})embedded\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"${CMAKE_CURRENT_LIST_DIR}/sources.h\"

#include <map>

#include <embark/core/error.h>

namespace embark::course {

std::string_view source_text(const std::string& file) {
    static const std::map<std::string, std::string_view> texts = {
${entries}    };
    const auto found = texts.find(file);
    require(found != texts.end(), \"The source of \", file, \" is not in this program\");
    return found->second;
}

}  // namespace embark::course
")
