import HTTPWire
import Testing

@Suite struct FieldNameTests {
    private func recognise(_ bytes: [UInt8]) -> FieldName { FieldName(bytes.span) }

    @Test("every name is found in any case, and its text belongs to its case")
    func everyNameIsFoundInAnyCaseAndItsTextBelongsToItsCase() {
        for name in FieldName.allCases where name != .other {
            #expect(name.text.filter { $0 != "-" }.lowercased() == "\(name)".lowercased())
            #expect(name.text.utf8.count <= 24)
            for text in [name.text, name.text.lowercased(), name.text.uppercased()] {
                #expect(recognise(Array(text.utf8)) == name)
            }
        }
        #expect(FieldName.allCases.count <= 64)
    }

    @Test("names that differ in one byte are other")
    func namesThatDifferInOneByteAreOther() {
        for name in FieldName.allCases where name != .other {
            let right = Array(name.text.utf8)
            for index in right.indices {
                for byte in UInt8.min...UInt8.max {
                    var wrong = right
                    wrong[index] = byte
                    let isSame = zip(right, wrong).allSatisfy {
                        $0 == $1 || ($0 | 0x20 == $1 | 0x20 && UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20)
                    }
                    if (recognise(wrong) == name) != isSame { Issue.record("\(name) \(index) \(byte)") }
                }
            }
            #expect(recognise(right + right) != name)
            #expect(recognise(Array(right.dropLast())) != name)
        }
    }
}
